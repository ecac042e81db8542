using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace FeedBox.Core;

/// <summary>The one activity source and the one meter of FeedBox; processes subscribe to both by <see cref="Name"/>.</summary>
public static class Telemetry
{
    public const string Name = "FeedBox";
    public static readonly ActivitySource Activities = new(Name);
    public static readonly Meter Meter = new(Name);
}
