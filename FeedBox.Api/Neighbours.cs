using System.Diagnostics;
using System.Net;
using FeedBox.Core;
using Yarp.ReverseProxy.Forwarder;

namespace FeedBox.Api;

/// <summary>Which half of the product a process serves, so that reads and writes scale apart: <c>FeedBox:Role</c>.</summary>
internal enum Role { Both, Read, Write }

/// <summary>
/// What a process does not serve itself it hands to the one that does, so that a browser needs one address: the other half
/// to <c>FeedBox:Neighbours:Reads</c> or <c>:Writes</c>, the operators' questions to <c>:Workers</c>; without an address it answers 421.
/// Behind a mesh that routes by method (deploy/istio) nothing arrives here to be handed on.
/// </summary>
internal static class Neighbours
{
    // Longer than any answer of ours takes; the neighbour gives up by itself before.
    private static readonly ForwarderRequestConfig Patience = new() { ActivityTimeout = TimeSpan.FromSeconds(15) };

    public static void ForwardToNeighbours(this WebApplication app)
    {
        app.Forward(IsOfOperators, "Workers");
        var role = app.Configuration.GetValue("FeedBox:Role", Role.Both);
        if (role == Role.Read)
            app.Forward(IsWrite, "Writes");
        if (role == Role.Write)
            app.Forward(IsRead, "Reads");
    }

    private static bool IsOfOperators(HttpContext http) => http.Request.Path.StartsWithSegments("/ops") || http.Request.Path == "/about";

    private static bool IsWrite(HttpContext http) => !HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method);

    private static bool IsRead(HttpContext http) => !IsWrite(http) && http.Request.Path.Value is not ("/health" or "/alive");

    private static void Forward(this WebApplication app, Func<HttpContext, bool> isForNeighbour, string neighbour)
    {
        var address = app.Configuration[$"FeedBox:Neighbours:{neighbour}"];
        if (address is null)
        {
            app.MapWhen(isForNeighbour, branch => branch.Run(http =>
            {
                http.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
                return Task.CompletedTask;
            }));
            return;
        }
        var client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(3),
            PooledConnectionLifetime = TimeSpan.FromMinutes(2), // so that new replicas get their share
            ActivityHeadersPropagator = new ReverseProxyPropagator(DistributedContextPropagator.Current),
        });
        app.MapWhen(isForNeighbour, branch => branch.Run(async http =>
        {
            var error = await http.RequestServices.GetRequiredService<IHttpForwarder>().SendAsync(http, address, client, Patience);
            if (error is ForwarderError.Request or ForwarderError.RequestTimedOut && !http.Response.HasStarted)
                throw new DependencyUnavailableException(neighbour.ToLowerInvariant(), TimeSpan.FromSeconds(1));
        }));
    }
}
