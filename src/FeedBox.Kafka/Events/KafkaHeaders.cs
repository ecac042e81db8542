using System.Collections;
using System.Text;
using Confluent.Kafka;
using FeedBox.Core.Events;

namespace FeedBox.Kafka.Events;

/// <summary>A value becomes text when somebody asks for it, which for most records is never.</summary>
internal sealed class KafkaHeaders(Headers native) : IReadOnlyList<KeyValuePair<string, string>>, IHeaderLookup
{
    public int Count => native.Count;

    public KeyValuePair<string, string> this[int index] => new(native[index].Key, Text(native[index]));

    public string? Find(string name)
    {
        for (var i = 0; i < native.Count; i++)
            if (native[i].Key == name)
                return Text(native[i]);
        return null;
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() =>
        native.Select(header => KeyValuePair.Create(header.Key, Text(header))).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static string Text(IHeader header) => header.GetValueBytes() is { } value ? Encoding.UTF8.GetString(value) : "";
}
