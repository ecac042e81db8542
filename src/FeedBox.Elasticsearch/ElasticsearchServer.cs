using System.Text.Json;
using Elastic.Clients.Elasticsearch;
using Elastic.Transport;
using FeedBox.Core;
using HttpMethod = Elastic.Transport.HttpMethod;

namespace FeedBox.Elasticsearch;

/// <summary>Requests as JSON through the client's transport: its connections, authentication and traces, our own bodies.</summary>
public sealed class ElasticsearchServer(ElasticsearchClient client)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <exception cref="DependencyUnavailableException">The server does not answer, or takes no requests now.</exception>
    /// <exception cref="ElasticsearchException">It refused.</exception>
    internal async Task<JsonElement> SendAsync(HttpMethod method, string path, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        BytesResponse response;
        try
        {
            response = await client.Transport.RequestAsync<BytesResponse>(
                new EndpointPath(method, path), body.IsEmpty ? null : PostData.ReadOnlyMemory(body), null, null, cancellationToken);
        }
        catch (TransportException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unavailable(e);
        }
        cancellationToken.ThrowIfCancellationRequested();
        var status = response.ApiCallDetails.HttpStatusCode;
        if (status is null or 429 or >= 500)
            throw Unavailable(response.ApiCallDetails.OriginalException ?? new ElasticsearchException(status ?? 0, "unavailable", Text(response)));
        var answer = response.Body is { Length: > 0 } bytes ? JsonSerializer.Deserialize<JsonElement>(bytes) : default;
        if (status < 300)
            return answer;
        var type = answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("error", out var error)
            && error.ValueKind == JsonValueKind.Object && error.TryGetProperty("type", out var name) ? name.GetString() : null;
        throw new ElasticsearchException(status.Value, type ?? "unknown", Text(response));
    }

    internal Task<JsonElement> SendAsync(HttpMethod method, string path, CancellationToken cancellationToken) =>
        SendAsync(method, path, ReadOnlyMemory<byte>.Empty, cancellationToken);

    internal Task<PingResponse> PingAsync(CancellationToken cancellationToken) => client.PingAsync(cancellationToken);

    private static DependencyUnavailableException Unavailable(Exception cause) => new("elasticsearch", RetryAfter, cause);

    private static string Text(BytesResponse response) =>
        response.Body is { Length: > 0 } body ? System.Text.Encoding.UTF8.GetString(body, 0, Math.Min(body.Length, 500)) : "";
}

/// <summary>The server refused a request.</summary>
/// <param name="type">Its name for the reason, e.g. index_not_found_exception.</param>
public sealed class ElasticsearchException(int status, string type, string body) : Exception($"Elasticsearch answered {status} {type}: {body}")
{
    public int Status => status;
    public string Type => type;
}
