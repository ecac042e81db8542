using FeedBox.Api;
using FeedBox.Elasticsearch;
using FeedBox.Http;
using FeedBox.Kafka;
using FeedBox.MongoDB;
using FeedBox.MySql;
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
builder.AddFeedBoxHttp();
builder.Services.AddHttpForwarder();

var app = builder.Build();
app.MapFeedBox(Doors.Product);
app.ForwardToNeighbours();
await app.RunAsync();
