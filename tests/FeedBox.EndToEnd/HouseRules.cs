using System.Reflection;
using System.Xml.Linq;

namespace FeedBox.EndToEnd;

/// <summary>Who may know whom: Core knows nobody, every room knows Core and its own technology, only a process knows them all.</summary>
public sealed class HouseRules
{
    private static readonly string[] Technologies =
        ["Microsoft.Data.Sqlite", "SQLitePCLRaw", "OpenAI", "Polly", "Confluent.Kafka", "MySqlConnector", "Pomelo", "Microsoft.EntityFrameworkCore", "StackExchange.Redis", "MongoDB", "Elastic"];

    private static readonly Dictionary<string, string[]> Rooms = new()
    {
        ["FeedBox.Core"] = [],
        ["FeedBox.Http"] = [],
        ["FeedBox.Pipeline"] = [],
        ["FeedBox.Sqlite"] = ["Microsoft.Data.Sqlite", "SQLitePCLRaw"],
        ["FeedBox.UserTeam"] = ["Polly"],
        ["FeedBox.OpenAI"] = ["OpenAI", "Polly"],
        ["FeedBox.UserTeamMock"] = [],
    };

    public static TheoryData<string> RoomNames => [.. Rooms.Keys];

    [Theory, MemberData(nameof(RoomNames))]
    public void A_room_knows_Core_and_its_own_technology_only(string room)
    {
        var references = Assembly.Load(room).GetReferencedAssemblies().Select(reference => reference.Name!).ToList();

        var rooms = references.Where(name => name.StartsWith("FeedBox.", StringComparison.Ordinal));
        Assert.Empty(rooms.Except(room is "FeedBox.Core" or "FeedBox.UserTeamMock" ? [] : ["FeedBox.Core"]));

        var technologies = references.Where(name => Technologies.Any(technology => name.StartsWith(technology, StringComparison.Ordinal)));
        Assert.DoesNotContain(technologies, name => !Rooms[room].Any(own => name.StartsWith(own, StringComparison.Ordinal)));
    }

    [Fact]
    public void Core_references_no_package()
    {
        var references = Assembly.Load("FeedBox.Core").GetReferencedAssemblies().Select(reference => reference.Name!);
        var framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        Assert.All(references, name => Assert.True(File.Exists(Path.Combine(framework, name + ".dll")), $"{name} is not part of the base framework"));
    }

    /// <summary>Also for the rooms of the full edition, whose assemblies are not here.</summary>
    [Fact]
    public void A_room_refers_to_Core_and_to_no_other_room()
    {
        var house = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(house, "FeedBox.sln")))
            house = Path.GetDirectoryName(house)!;
        var rooms = Directory.GetFiles(Path.Combine(house, "src"), "*.csproj", SearchOption.AllDirectories);

        Assert.True(rooms.Length >= Rooms.Count - 1);
        foreach (var room in rooms)
        {
            var references = XDocument.Load(room).Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!));
            Assert.True(
                references.All(reference => reference == "FeedBox.Core") && (Path.GetFileNameWithoutExtension(room) != "FeedBox.Core" || !references.Any()),
                $"{Path.GetFileName(room)} refers to {string.Join(", ", references)}");
        }
    }
}
