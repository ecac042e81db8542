using System.Reflection;
using System.Runtime.InteropServices;

namespace FeedBox.Kafka;

/// <summary>
/// Where the native client comes from: the file that <c>FEEDBOX_LIBRDKAFKA</c> names, else the one of the package,
/// else the system's (for builds without the package, see LimitedFeed in Directory.Build.targets).
/// </summary>
internal static class Librdkafka
{
    public const string Variable = "FEEDBOX_LIBRDKAFKA";

    /// <summary>Before the first client is built, and once.</summary>
    public static void Register() => NativeLibrary.SetDllImportResolver(typeof(Confluent.Kafka.Library).Assembly, Load);

    private static nint Load(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != "librdkafka")
            return 0;
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } file)
            return NativeLibrary.Load(file);
        return NativeLibrary.TryLoad(name, assembly, path, out var packaged) ? packaged
            : NativeLibrary.TryLoad("librdkafka.so.1", out var system) ? system
            : 0;
    }
}
