using FeedBox.Core.Coupons;
using FeedBox.Core.Events;
using FeedBox.Core.Posts;
using FeedBox.MySql.Coupons;
using FeedBox.MySql.Events;
using FeedBox.MySql.Posts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MySqlConnector;

namespace FeedBox.MySql;

public static class MySqlServices
{
    /// <summary>The version that the schema and its queries are written for: LATERAL, CHECK, SKIP LOCKED.</summary>
    internal static readonly ServerVersion Version = new MySqlServerVersion(new Version(8, 4));

    /// <summary>
    /// Adds posts, outbox and coupons on MySQL, brings the schema up to date at start, and adds the health check "mysql".
    /// The server is <c>ConnectionStrings:mysql</c>.
    /// </summary>
    public static IServiceCollection AddFeedBoxMySql(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<MySqlOptions>()
            .Bind(configuration.GetSection(MySqlOptions.Section))
            .PostConfigure(options => options.ConnectionString ??= configuration.GetConnectionString("mysql"))
            .Validate(options => !string.IsNullOrWhiteSpace(options.ConnectionString), "ConnectionStrings:mysql is missing.")
            .Validate(options => options.LockTimeout >= TimeSpan.FromSeconds(1) && options.SilenceTimeout >= TimeSpan.FromSeconds(1),
                $"{MySqlOptions.Section}: LockTimeout and SilenceTimeout are whole seconds.")
            .Validate(options => options.Retries >= 0, $"{MySqlOptions.Section}: Retries must not be negative.")
            .ValidateOnStart();
        services.AddPooledDbContextFactory<FeedBoxDbContext>((provider, builder) =>
            Configure(builder, provider.GetRequiredService<IOptions<MySqlOptions>>().Value));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<OutboxSignal>();
        services.AddSingleton<MySqlDatabase>();
        services.AddSingleton<ShardClaims>();
        services.AddSingleton<IOutbox, MySqlOutbox>();
        services.AddSingleton<IPostStore, MySqlPostStore>();
        services.AddSingleton<ICouponStore, MySqlCouponStore>();
        services.AddHostedService<MySqlSchema>();
        services.AddHealthChecks().AddCheck<MySqlHealthCheck>("mysql");
        return services;
    }

    internal static void Configure(DbContextOptionsBuilder builder, MySqlOptions options) =>
        builder
            .UseMySql(ConnectionString(options), Version, mysql => mysql
                .TranslateParameterizedCollectionsToConstants()
                .CommandTimeout((int)options.CommandTimeout.TotalSeconds)
                .ExecutionStrategy(dependencies => new MySqlRetries(dependencies, options)))
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking);

    internal static string ConnectionString(MySqlOptions options)
    {
        var given = new MySqlConnectionStringBuilder(options.ConnectionString!)
        {
            GuidFormat = MySqlGuidFormat.Binary16,
            CharacterSet = "utf8mb4",
        };
        if (!given.ContainsKey("Connection Timeout"))
            given.ConnectionTimeout = 5;
        if (!given.ContainsKey("Maximum Pool Size"))
            given.MaximumPoolSize = 30; // five processes fit into the 151 connections of a server as it comes
        return given.ConnectionString;
    }
}
