using System.Collections.Frozen;

namespace FeedBox.Core.Search.Korean;

/// <summary>
/// A table under Data: lines of words, '#' comments, and "[name]" opening a section. What a section means stands in the file.
/// </summary>
internal sealed class WordTable
{
    private readonly Dictionary<string, List<string[]>> _sections = [];

    public static WordTable Load(string name)
    {
        var table = new WordTable();
        using var stream = typeof(WordTable).Assembly.GetManifestResourceStream($"FeedBox.Core.Search.Korean.Data.{name}.txt")
            ?? throw new InvalidOperationException($"The word table {name} is not in the assembly.");
        using var reader = new StreamReader(stream);
        var section = table._sections[""] = [];
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('['))
                table._sections[line.Trim('[', ']')] = section = [];
            else if (line.Length > 0 && line[0] != '#')
                section.Add(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }
        return table;
    }

    public IReadOnlyList<string[]> Lines(string section = "") => _sections[section];

    public IEnumerable<string> Words(string section = "") => _sections[section].SelectMany(line => line);

    public FrozenSet<string> Set(params ReadOnlySpan<string> sections)
    {
        var words = new HashSet<string>();
        foreach (var section in sections)
            words.UnionWith(Words(section));
        return words.ToFrozenSet();
    }
}
