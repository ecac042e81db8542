namespace FeedBox.Bench.Servers;

/// <summary>Two ways to do the same thing, turn by turn, so that whatever else the machine does slows both.</summary>
internal static class Turns
{
    public const int Rounds = 5;

    /// <summary>The medians of both rates. The first turn of each warms it up and is not counted.</summary>
    public static async Task<(double Bare, double FeedBox)> MedianRatesAsync(
        Func<Task<double>> bare, Func<Task<double>> feedBox, int rounds = Rounds)
    {
        var (bareRates, feedBoxRates) = (new double[rounds], new double[rounds]);
        await bare();
        await feedBox();
        for (var round = 0; round < rounds; round++)
        {
            bareRates[round] = await bare();
            feedBoxRates[round] = await feedBox();
        }
        return (Median(bareRates), Median(feedBoxRates));
    }

    public static double Median(double[] rates)
    {
        Array.Sort(rates);
        return rates[rates.Length / 2];
    }
}
