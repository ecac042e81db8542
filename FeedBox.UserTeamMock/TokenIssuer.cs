using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace FeedBox.UserTeamMock;

public sealed record TokenRequest(long UserId);

public sealed record TokenAnswer(string Token, DateTimeOffset ExpiresAt);

/// <summary>Bearer tokens (ES256) for the user team's users; the key lives as long as the process.</summary>
public sealed class TokenIssuer(TimeProvider time) : IDisposable
{
    public const string Issuer = "feedbox-user-team";
    public const string Audience = "feedbox";
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly string _keyId = Guid.NewGuid().ToString("N");

    public TokenAnswer Issue(UserAnswer user)
    {
        var now = time.GetUtcNow();
        var expires = now + Lifetime;
        var header = Encode(new { alg = "ES256", typ = "JWT", kid = _keyId });
        var claims = Encode(new
        {
            iss = Issuer, aud = Audience, sub = user.Id.ToString(), name = user.Name,
            iat = now.ToUnixTimeSeconds(), exp = expires.ToUnixTimeSeconds(),
        });
        var signature = _key.SignData(Encoding.ASCII.GetBytes($"{header}.{claims}"), HashAlgorithmName.SHA256);
        return new($"{header}.{claims}.{Base64Url.EncodeToString(signature)}", expires);
    }

    public object PublicKeys()
    {
        var point = _key.ExportParameters(includePrivateParameters: false).Q;
        return new
        {
            keys = new[]
            {
                new { kty = "EC", use = "sig", alg = "ES256", crv = "P-256", kid = _keyId, x = Base64Url.EncodeToString(point.X), y = Base64Url.EncodeToString(point.Y) },
            },
        };
    }

    public void Dispose() => _key.Dispose();

    private static string Encode(object part) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(part));
}
