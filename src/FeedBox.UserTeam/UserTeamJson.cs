using System.Text.Json;
using System.Text.Json.Serialization;
using FeedBox.Core.UserTeam;

namespace FeedBox.UserTeam;

internal sealed record FollowersAnswer(IReadOnlyList<long> Items, string? Next = null);

/// <summary>An answer without what it must have is unusable, not a user whose name is null.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(User))]
[JsonSerializable(typeof(IReadOnlyList<User>))]
[JsonSerializable(typeof(Category))]
[JsonSerializable(typeof(IReadOnlyList<Category>))]
[JsonSerializable(typeof(FollowersAnswer))]
[JsonSerializable(typeof(IReadOnlyList<long>))]
internal sealed partial class UserTeamJson : JsonSerializerContext;
