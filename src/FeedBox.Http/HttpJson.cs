using System.Text.Json;
using System.Text.Json.Serialization;
using FeedBox.Core.AccessLog;
using FeedBox.Core.Coupons;
using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Core.Inbox;
using FeedBox.Core.Inspection;
using FeedBox.Core.Operations;
using FeedBox.Core.Posts;
using FeedBox.Core.UserTeam;
using FeedBox.Http.Coupons;
using FeedBox.Http.DeadLetters;
using FeedBox.Http.Inbox;
using FeedBox.Http.Operations;
using FeedBox.Http.Posts;
using FeedBox.Http.Problems;
using FeedBox.Http.Publishing;
using FeedBox.Http.Search;
using FeedBox.Http.UserTeam;

namespace FeedBox.Http;

/// <summary>Every body that goes in or out. Numbers are numbers; members nobody knows are ignored.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, NumberHandling = JsonNumberHandling.Strict, Converters = [typeof(CamelCaseEnum<InspectionState>)])]
[JsonSerializable(typeof(PostDraft))]
[JsonSerializable(typeof(StoredPost))]
[JsonSerializable(typeof(PostView))]
[JsonSerializable(typeof(InspectionStatus))]
[JsonSerializable(typeof(Listing<PostView>))]
[JsonSerializable(typeof(Listing<InboxItem>))]
[JsonSerializable(typeof(UnreadCount))]
[JsonSerializable(typeof(Listing<SearchResult>))]
[JsonSerializable(typeof(Listing<NamedUser>))]
[JsonSerializable(typeof(Listing<Category>))]
[JsonSerializable(typeof(CouponEventDraft))]
[JsonSerializable(typeof(CouponEventView))]
[JsonSerializable(typeof(Listing<CouponEventView>))]
[JsonSerializable(typeof(CouponRequestStatus))]
[JsonSerializable(typeof(Listing<Coupon>))]
[JsonSerializable(typeof(UsedCoupon))]
[JsonSerializable(typeof(Listing<DeadLetterView>))]
[JsonSerializable(typeof(ReplayedAll))]
[JsonSerializable(typeof(Listing<FailedPublicationView>))]
[JsonSerializable(typeof(RestoredAll))]
[JsonSerializable(typeof(Listing<AccessLogEntry>))]
[JsonSerializable(typeof(PipelineStatus))]
[JsonSerializable(typeof(About))]
[JsonSerializable(typeof(Health))]
[JsonSerializable(typeof(Problem))]
internal sealed partial class HttpJson : JsonSerializerContext;

internal sealed class CamelCaseEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
