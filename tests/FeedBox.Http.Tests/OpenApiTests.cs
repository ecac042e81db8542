using System.Text.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;

namespace FeedBox.Http.Tests;

public sealed class OpenApiTests
{
    [Fact]
    public async Task The_document_is_made_once_whoever_asks()
    {
        var made = 0;
        await using var host = await FeedBoxHost.StartAsync(services: services => services.Configure<OpenApiOptions>("v1", options =>
            options.AddDocumentTransformer((_, _, _) => Task.FromResult(Interlocked.Increment(ref made)))));

        var first = await host.GetAsync("/openapi/v1.json");
        Assert.Equal(first.Text, (await host.GetAsync("/openapi/v1.json?again", caller: 1)).Text);
        Assert.Equal(1, made);
    }

    [Fact]
    public async Task Every_operation_says_what_it_does_answers_and_refuses()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var document = (await host.GetAsync("/openapi/v1.json")).Body;

        var operations = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => (Name: $"{operation.Name} {path.Name}", operation.Value))).ToList();

        Assert.Contains(operations, operation => operation.Name == "post /posts");
        foreach (var (name, operation) in operations)
        {
            Assert.True(operation.TryGetProperty("summary", out _), name);
            var responses = operation.GetProperty("responses");
            Assert.Contains(responses.EnumerateObject(), response => response.Name.StartsWith('2'));
            if (name == "get /about")
                continue;
            Assert.Contains("unauthenticated", responses.GetProperty("401").GetProperty("description").GetString());
            Assert.Equal(2, operation.GetProperty("security").GetArrayLength());
            if (operation.TryGetProperty("parameters", out var parameters))
                Assert.All(parameters.EnumerateArray(), parameter => Assert.NotEqual("caller", parameter.GetProperty("name").GetString()));
        }

        var publish = operations.Single(operation => operation.Name == "post /posts").Value;
        Assert.Contains("title-too-long", publish.GetProperty("responses").GetProperty("400").GetProperty("description").GetString());
        Assert.Equal("#/components/schemas/Problem",
            publish.GetProperty("responses").GetProperty("400").GetProperty("content").GetProperty("application/problem+json").GetProperty("schema").GetProperty("$ref").GetString());
        Assert.Contains(publish.GetProperty("parameters").EnumerateArray(), parameter => parameter.GetProperty("name").GetString() == "Idempotency-Key");
        Assert.Equal(JsonValueKind.Object, publish.GetProperty("requestBody").ValueKind);
        var search = operations.Single(operation => operation.Name == "get /search").Value.GetProperty("parameters").EnumerateArray().ToList();
        Assert.Equal(["q", "category", "tag", "cursor", "limit"], search.Select(parameter => parameter.GetProperty("name").GetString()));
        Assert.All(search, parameter => Assert.NotEmpty(parameter.GetProperty("description").GetString()!));
        var schemas = document.GetProperty("components").GetProperty("schemas");
        Assert.Equal(["pending", "approved", "rejected"], schemas.GetProperty("InspectionState").GetProperty("enum").EnumerateArray().Select(value => value.GetString()));
        Assert.Equal(["bearer", "userId"], document.GetProperty("components").GetProperty("securitySchemes").EnumerateObject().Select(scheme => scheme.Name).Order());
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/reference")]
    public async Task The_pages_need_nothing_from_elsewhere(string path)
    {
        await using var host = await FeedBoxHost.StartAsync("Production");
        var page = await host.GetAsync(path);
        Assert.Equal((200, "text/html"), (page.Status, page.ContentHeaders.ContentType!.MediaType));
        Assert.Contains("default-src 'none'", page.Header("Content-Security-Policy"));
        Assert.DoesNotContain("http://", page.Text);
        Assert.DoesNotContain("https://", page.Text);
        var assets = System.Text.RegularExpressions.Regex.Matches(page.Text, "(?:src|href)=\"(/[a-z]+\\.[a-z]+)\"").Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(assets);
        foreach (var asset in assets)
        {
            var file = await host.GetAsync(asset);
            Assert.Equal(200, file.Status);
            Assert.NotEmpty(file.Bytes);
            Assert.Equal(304, (await host.GetAsync(asset, null, ("If-None-Match", file.Header("ETag")!))).Status);
            Assert.DoesNotContain("innerHTML", file.Text);
            Assert.True(asset.EndsWith(".svg", StringComparison.Ordinal) || !file.Text.Contains("://", StringComparison.Ordinal), asset);
        }
    }
}
