using System.Text.Json;
using System.Text.Json.Serialization;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace FeedBox.MySql.Posts;

internal sealed class PostRow
{
    public Guid Id { get; init; }
    public long AuthorId { get; init; }
    public long CategoryId { get; init; }
    public required string Title { get; init; }
    public required string Content { get; init; }
    public int Version { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }
    public DateTimeOffset? DeletedAt { get; init; }
    public InspectionState State { get; init; }
    public required string Tags { get; init; }
    public string? Reason { get; init; }
    public DateTimeOffset? InspectedAt { get; init; }
    public int? PublishedVersion { get; init; }

    public Post ToPost() =>
        new(Id, AuthorId, CategoryId, Title, Content, Version, CreatedAt, UpdatedAt, DeletedAt, new(State, TagJson.Read(Tags), Reason, InspectedAt))
        {
            PublishedVersion = PublishedVersion,
        };
}

internal sealed class PublishedPostRow
{
    public Guid Id { get; init; }
    public int Version { get; init; }
    public long AuthorId { get; init; }
    public long CategoryId { get; init; }
    public required string Title { get; init; }
    public required string Content { get; init; }
    public required string Tags { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    public PublishedPost ToPost() => new(Id, Version, AuthorId, CategoryId, Title, Content, TagJson.Read(Tags), CreatedAt, UpdatedAt);
}

internal sealed class PostTables : IEntityTypeConfiguration<PostRow>, IEntityTypeConfiguration<PublishedPostRow>
{
    public void Configure(EntityTypeBuilder<PostRow> table)
    {
        table.ToTable("posts");
        table.HasIndex(post => new { post.AuthorId, post.DeletedAt, post.Id });
        table.Property(post => post.Title).HasMaxLength(Post.MaxTitleLength);
        table.Property(post => post.Content).HasMaxLength(Post.MaxContentLength);
        table.Property(post => post.Tags).HasMaxLength(TagJson.MaxLength);
        table.Property(post => post.Reason).HasMaxLength(PostInspection.MaxReasonLength);
    }

    public void Configure(EntityTypeBuilder<PublishedPostRow> table)
    {
        table.ToTable("published_posts");
        table.HasIndex(post => new { post.AuthorId, post.Id });
        table.Property(post => post.Title).HasMaxLength(Post.MaxTitleLength);
        table.Property(post => post.Content).HasMaxLength(Post.MaxContentLength);
        table.Property(post => post.Tags).HasMaxLength(TagJson.MaxLength);
    }
}

[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class TagJson : JsonSerializerContext
{
    /// <summary>Every character of every tag as an escape of six, with quotes and commas.</summary>
    public const int MaxLength = PostInspection.MaxTags * (6 * PostInspection.MaxTagLength + 3) + 2;

    public static string Write(IReadOnlyList<string> tags) => JsonSerializer.Serialize(tags, Default.IReadOnlyListString);

    public static IReadOnlyList<string> Read(string json) => JsonSerializer.Deserialize(json, Default.IReadOnlyListString)!;
}
