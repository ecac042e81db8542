using FeedBox.Http;
using FeedBox.OpenAI;
using FeedBox.Pipeline;
using FeedBox.Sqlite;
using FeedBox.Standalone;
using FeedBox.UserTeam;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);

await using var userTeam = await builder.StartUserTeamMockAsync();

builder.AddOpenTelemetry();
builder.Services.AddFeedBoxSqlite(builder.Configuration);
builder.Services.AddFeedBoxUserTeam(builder.Configuration);
builder.Services.AddInspector(builder.Configuration);
builder.Services.AddFeedBoxPipeline(builder.Configuration);
builder.AddFeedBoxHttp();
builder.Services.AddInProcessCaches();

var app = builder.Build();
app.MapFeedBox();
app.AnnounceWhenReady(userTeam);
return await app.RunOrSayWhyNotAsync();
