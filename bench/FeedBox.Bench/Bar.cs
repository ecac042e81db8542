using System.Globalization;

namespace FeedBox.Bench;

/// <summary>What a value is measured against.</summary>
public readonly record struct Target(double Limit, bool IsUpper)
{
    public static Target AtLeast(double limit) => new(limit, IsUpper: false);
    public static Target AtMost(double limit) => new(limit, IsUpper: true);
    public static Target Exactly(double value) => new(value, IsUpper: true) { IsExact = true };

    public bool IsExact { get; private init; }

    public bool IsMetBy(double value) => IsExact ? value == Limit : IsUpper ? value <= Limit : value >= Limit;

    public override string ToString() => (IsExact ? "" : IsUpper ? "≤ " : "≥ ") + Bar.Number(Limit);
}

/// <param name="Detail">What the value was made of, such as the baseline of the same run.</param>
public sealed record Bar(string Name, double Value, string Unit, Target Target, string Detail)
{
    public bool IsMet => Target.IsMetBy(Value);

    public string Verdict => IsMet ? "ok" : "short";

    public static string Number(double value) => Math.Abs(value) switch
    {
        >= 100 => value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.#", CultureInfo.InvariantCulture),
        _ => value.ToString("0.##", CultureInfo.InvariantCulture),
    };

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"bar {Name} value={Value:0.###} target={Target.Limit:0.###} {Verdict}");
}
