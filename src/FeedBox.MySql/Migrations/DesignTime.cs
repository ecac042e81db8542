using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace FeedBox.MySql.Migrations;

/// <summary>For <c>dotnet ef migrations add NAME</c>, which needs no server but, while it runs, a reference to Microsoft.EntityFrameworkCore.Design.</summary>
internal sealed class DesignTime : IDesignTimeDbContextFactory<FeedBoxDbContext>
{
    public FeedBoxDbContext CreateDbContext(string[] args)
    {
        var builder = new DbContextOptionsBuilder<FeedBoxDbContext>();
        MySqlServices.Configure(builder, new() { ConnectionString = "Server=127.0.0.1;Database=feedbox" });
        return new(builder.Options);
    }
}
