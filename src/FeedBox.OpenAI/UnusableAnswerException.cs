namespace FeedBox.OpenAI;

/// <summary>The model answered, but not what was asked: neither an approval nor a rejection. Worth another try.</summary>
public sealed class UnusableAnswerException(string why) : Exception($"The inspector's answer cannot be used: {why}.");
