using Microsoft.Extensions.Configuration;

namespace FeedBox.OpenAI;

/// <summary>Section "FeedBox:OpenAI". Any server that speaks the chat completions API will do.</summary>
public sealed record OpenAIOptions
{
    public string Model { get; init; } = "gpt-4o-mini";

    /// <summary>Null for OpenAI itself.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Else the environment's OPENAI_API_KEY. A server of one's own may need none.</summary>
    public string? ApiKey { get; init; }

    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>All that one inspection may take, attempts and pauses together.</summary>
    public TimeSpan TotalBudget { get; init; } = TimeSpan.FromSeconds(25);

    public int Retries { get; init; } = 1;

    public double BreakerFailureRatio { get; init; } = 0.5;

    public TimeSpan BreakerWindow { get; init; } = TimeSpan.FromSeconds(30);

    public int BreakerMinimumCalls { get; init; } = 10;

    public TimeSpan BreakerOpen { get; init; } = TimeSpan.FromSeconds(10);

    public bool IsConfigured => !string.IsNullOrWhiteSpace(ApiKey) || Endpoint is not null;

    /// <summary>Reasoning models take no temperature, and spend output tokens on thinking.</summary>
    public bool IsReasoningModel => Model.StartsWith("gpt-5", StringComparison.Ordinal) || (Model is ['o', var digit, ..] && char.IsAsciiDigit(digit));

    public static OpenAIOptions Read(IConfiguration configuration)
    {
        var options = configuration.GetSection("FeedBox:OpenAI").Get<OpenAIOptions>() ?? new();
        return string.IsNullOrWhiteSpace(options.ApiKey) ? options with { ApiKey = configuration["OPENAI_API_KEY"] } : options;
    }

    /// <summary>Without the key, so that logging the options gives nothing away.</summary>
    public override string ToString() => $"{Model} at {Endpoint?.ToString() ?? "OpenAI"}";
}
