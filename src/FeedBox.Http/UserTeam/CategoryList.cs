using FeedBox.Core;
using FeedBox.Core.UserTeam;

namespace FeedBox.Http.UserTeam;

/// <summary>The categories as last heard: asked again after ten minutes, and kept as they are while the user team fails.</summary>
internal sealed class CategoryList(IUserTeam userTeam, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    private sealed record Answer(IReadOnlyList<Category> Categories, DateTimeOffset FreshUntil);

    private readonly SemaphoreSlim _asking = new(1);
    private volatile Answer? _last;

    /// <exception cref="DependencyUnavailableException">They were never heard, and the user team answers nobody.</exception>
    /// <exception cref="HttpRequestException">They were never heard, and this call failed.</exception>
    public async ValueTask<IReadOnlyList<Category>> GetAsync(CancellationToken cancellationToken)
    {
        if (_last is { } last && time.GetUtcNow() < last.FreshUntil)
            return last.Categories;
        await _asking.WaitAsync(cancellationToken);
        try
        {
            last = _last;
            if (last is not null && time.GetUtcNow() < last.FreshUntil)
                return last.Categories;
            try
            {
                last = new(await userTeam.GetCategoriesAsync(cancellationToken), time.GetUtcNow() + Fresh);
            }
            catch (Exception e) when (last is not null && e is (DependencyUnavailableException or HttpRequestException))
            {
                last = last! with { FreshUntil = time.GetUtcNow() + AfterFailure };
            }
            _last = last;
            return last.Categories;
        }
        finally
        {
            _asking.Release();
        }
    }
}
