using FeedBox.Api;
using FeedBox.Http;
using FeedBox.Kafka;
using FeedBox.MySql;
using FeedBox.Redis;
using FeedBox.ServiceDefaults;
using FeedBox.UserTeam;

var builder = WebApplication.CreateBuilder(args);

builder.AddServiceDefaults();
builder.Services.AddFeedBoxKafka(builder.Configuration);
builder.Services.AddFeedBoxMySql(builder.Configuration);
builder.Services.AddFeedBoxRedis(builder.Configuration);
builder.Services.AddFeedBoxUserTeam(builder.Configuration);
builder.AddFeedBoxHttp();
builder.Services.AddHttpForwarder();

var app = builder.Build();
app.MapFeedBox(Doors.Product);
app.ForwardToNeighbours();
await app.RunAsync();
