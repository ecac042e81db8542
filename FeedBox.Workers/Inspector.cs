using FeedBox.Core.Inspection;
using FeedBox.OpenAI;

namespace FeedBox.Workers;

internal static class Inspector
{
    /// <summary>OpenAI, or a server that speaks its protocol, when a key is there; otherwise the rules that need nobody.</summary>
    public static void AddInspector(this IServiceCollection services, IConfiguration configuration)
    {
        if (configuration.HasOpenAI())
            services.AddOpenAIInspector(configuration);
        else
            services.AddSingleton<IPostInspector, OfflineInspector>();
    }
}
