using FeedBox.Core.Search;
using FeedBox.PortContracts;

namespace FeedBox.Elasticsearch.Tests;

public sealed class ElasticsearchSearchIndexTests(TestIndices indices) : SearchIndexContract, IClassFixture<TestIndices>
{
    private readonly string _alias = indices.NewAlias();
    private IServiceProvider? _process;

    protected override async Task<ISearchIndex> CreateAsync() => (_process = await indices.ProcessAsync(_alias)).Index();

    protected override Task SettleAsync(ISearchIndex index) => _process!.RefreshAsync(_alias);
}
