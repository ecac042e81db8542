using FeedBox.Elasticsearch;
using FeedBox.Http;
using FeedBox.Kafka;
using FeedBox.MongoDB;
using FeedBox.MySql;
using FeedBox.OpenAI;
using FeedBox.Pipeline;
using FeedBox.Redis;
using FeedBox.ServiceDefaults;
using FeedBox.UserTeam;

var builder = WebApplication.CreateBuilder(args);

builder.AddServiceDefaults();
builder.AddServerClients();
builder.Services.AddFeedBoxKafka(builder.Configuration);
builder.Services.AddFeedBoxMySql(builder.Configuration);
builder.Services.AddFeedBoxRedis(builder.Configuration);
builder.Services.AddFeedBoxMongoDB(builder.Configuration);
builder.Services.AddFeedBoxElasticsearch(builder.Configuration);
builder.Services.AddFeedBoxUserTeam(builder.Configuration);
builder.Services.AddInspector(builder.Configuration);
builder.Services.AddFeedBoxPipeline(builder.Configuration);
builder.AddFeedBoxHttp();

var app = builder.Build();
app.MapFeedBox(Doors.Operations);
await app.RunAsync();
