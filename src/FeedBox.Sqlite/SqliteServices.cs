using FeedBox.Core.AccessLog;
using FeedBox.Core.Coupons;
using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Core.Idempotency;
using FeedBox.Core.Inbox;
using FeedBox.Core.Posts;
using FeedBox.Core.Search;
using FeedBox.Core.UserTeam;
using FeedBox.Sqlite.AccessLog;
using FeedBox.Sqlite.Coupons;
using FeedBox.Sqlite.DeadLetters;
using FeedBox.Sqlite.Events;
using FeedBox.Sqlite.Idempotency;
using FeedBox.Sqlite.Inbox;
using FeedBox.Sqlite.Posts;
using FeedBox.Sqlite.Search;
using FeedBox.Sqlite.UserTeam;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace FeedBox.Sqlite;

public static class SqliteServices
{
    /// <summary>Every port on one SQLite file, with the options of section <see cref="SqliteOptions.Section"/>.</summary>
    public static IServiceCollection AddFeedBoxSqlite(this IServiceCollection services, IConfiguration configuration) =>
        services.AddFeedBoxSqlite(options => configuration.GetSection(SqliteOptions.Section).Bind(options));

    /// <summary>Every port on one SQLite file. The container opens it before the first service that needs it and closes it after the last.</summary>
    public static IServiceCollection AddFeedBoxSqlite(this IServiceCollection services, Action<SqliteOptions> configure)
    {
        services.Configure(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<OutboxSignal>();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<SqliteOptions>>().Value);
        services.AddSingleton(provider => SqliteDatabase.Open(provider.GetRequiredService<SqliteOptions>()));

        services.AddSingleton<IPostStore, SqlitePostStore>();
        services.AddSingleton<IOutbox, SqliteOutbox>();
        services.AddSingleton<SqliteEventLog>().AddSingleton<IEventLog>(provider => provider.GetRequiredService<SqliteEventLog>());
        services.AddSingleton<IInboxStore, SqliteInboxStore>();
        services.AddSingleton<SqliteSearchIndex>().AddSingleton<ISearchIndex>(provider => provider.GetRequiredService<SqliteSearchIndex>());
        services.AddSingleton<SqliteIdempotencyStore>().AddSingleton<IIdempotencyStore>(provider => provider.GetRequiredService<SqliteIdempotencyStore>());
        services.AddSingleton<SqliteNameStore>().AddSingleton<INameStore>(provider => provider.GetRequiredService<SqliteNameStore>());
        services.AddSingleton<ICouponStore, SqliteCouponStore>();
        services.AddSingleton<SqliteDeadLetterStore>().AddSingleton<IDeadLetterStore>(provider => provider.GetRequiredService<SqliteDeadLetterStore>());
        services.AddSingleton<IAccessLogStore, SqliteAccessLogStore>();

        services.AddHostedService<SqliteMaintenance>();
        services.AddHostedService<SearchRefresh>();
        services.AddHealthChecks().AddCheck<SqliteHealth>("sqlite");
        return services;
    }
}
