using FeedBox.Http.Callers;
using FeedBox.Http.Idempotency;
using FeedBox.Http.Problems;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace FeedBox.Http.OpenApi;

/// <summary>The codes an endpoint may answer with a status.</summary>
internal sealed record ProblemCodes(int Status, IReadOnlyList<string> Codes);

/// <summary>Describes in /openapi/v1.json what the handlers' signatures do not say: problem codes, credentials, the headers read by hand.</summary>
internal static class ApiDescription
{
    private const string Name = "v1";
    private const string Title = "FeedBox";
    private const string Overview =
        "Content subscription: publish, inspect, deliver to subscribers, search. Refusals are problem details whose `code` never changes its meaning. "
        + "Listings answer `{items, next, partial}` and go on with `?cursor=`.";

    public static TBuilder WithProblems<TBuilder>(this TBuilder endpoint, int status, params string[] codes) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new ProblemCodes(status, codes));

    public static TBuilder IsListing<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithProblems(400, "invalid-cursor", "invalid-limit");

    public static TBuilder TakesJson<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithProblems(400, "malformed-json", "invalid-json-value", "invalid-request")
            .WithProblems(413, "body-too-large")
            .WithProblems(415, "unsupported-media-type");

    /// <summary>The document is the same for everybody until the process ends, and takes a while to make: it is made once, when first asked for.</summary>
    public static void MapApiDescription(this IEndpointRouteBuilder app)
    {
        var document = new Lazy<Task<byte[]>>(async () =>
        {
            using var bytes = new MemoryStream();
            var made = await app.ServiceProvider.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name).GetOpenApiDocumentAsync();
            await made.SerializeAsJsonAsync(bytes, OpenApiSpecVersion.OpenApi3_1);
            return bytes.ToArray();
        });
        app.MapGet($"/openapi/{Name}.json", async () => TypedResults.Bytes(await document.Value, "application/json")).ExcludeFromDescription();
    }

    public static void AddApiDescription(this IServiceCollection services) => services.AddOpenApi(Name, options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new() { Title = Title, Version = Name, Description = Overview };
            document.Servers = [];
            document.AddComponent("bearer", new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "JWT",
                Description = "A token of the user team.",
            });
            document.AddComponent("userId", new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Header,
                Name = CallerAuthentication.UserIdHeader,
                Description = "The caller's user id; in Development only.",
            });
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(DescribeAsync);
    });

    private static async Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var problems = metadata.OfType<ProblemCodes>().ToList();
        if (metadata.OfType<IAuthorizeData>().Any())
        {
            operation.Security =
            [
                new() { [new("bearer", context.Document)] = [] },
                new() { [new("userId", context.Document)] = [] },
            ];
            problems.Add(new(401, ["unauthenticated"]));
            problems.Add(new(429, ["rate-limited"]));
            problems.Add(new(503, ["overloaded"]));
        }
        if (metadata.OfType<TakesIdempotencyKey>().Any())
        {
            problems.Add(new(400, ["invalid-idempotency-key"]));
            problems.Add(new(409, ["request-in-progress"]));
            problems.Add(new(422, ["idempotency-key-reused"]));
            AddHeader(operation, IdempotencyFilter.KeyHeader, required: false, "1 to 255 visible ASCII characters. A repetition within 24 hours gets the first answer again.");
        }
        if (problems.Any(problem => problem.Codes.Contains("version-mismatch")))
            AddHeader(operation, "If-Match", problems.Any(problem => problem.Status == 428), "The ETag that was read, or *.");

        operation.Responses ??= [];
        if (problems.Count == 0)
            return;
        var schema = await context.GetOrCreateSchemaAsync(typeof(Problem), null, cancellationToken);
        context.Document?.AddComponent(nameof(Problem), schema);
        foreach (var group in problems.GroupBy(problem => problem.Status).OrderBy(group => group.Key))
            operation.Responses[group.Key.ToString()] = new OpenApiResponse
            {
                Description = string.Join(", ", group.SelectMany(problem => problem.Codes).Distinct().Select(code => $"`{code}`")),
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    ["application/problem+json"] = new() { Schema = new OpenApiSchemaReference(nameof(Problem), context.Document) },
                },
            };
    }

    private static void AddHeader(OpenApiOperation operation, string name, bool required, string description) =>
        (operation.Parameters ??= []).Add(new OpenApiParameter
        {
            Name = name,
            In = ParameterLocation.Header,
            Required = required,
            Description = description,
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        });
}
