using System.Collections.Concurrent;
using FeedBox.Core;
using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Pipeline.Consuming;
using FeedBox.Testing;

namespace FeedBox.Pipeline.Tests.Consuming;

/// <summary>
/// Random records, failures, slow keys, outages, and members that join, leave, die and are expelled, on real threads.
/// Whatever happens, what the runtime promises holds. The seed in a failure's message chooses the same behaviours again.
/// </summary>
public sealed class ConsumerRuntimeProperties
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 8), Random.Shared.Next(1_000, int.MaxValue)];

    [Theory, MemberData(nameof(Seeds))]
    public Task A_lone_member_finishes_every_record_exactly_once_and_in_order(int seed) => new Scenario(seed, Churn.None).RunAsync();

    [Theory, MemberData(nameof(Seeds))]
    public Task Members_that_come_and_go_cost_no_record_and_no_order(int seed) => new Scenario(seed, Churn.Orderly).RunAsync();

    [Theory, MemberData(nameof(Seeds))]
    public Task Members_that_come_and_go_repeat_nothing_where_nothing_fails(int seed) => new Scenario(seed, Churn.Calm).RunAsync();

    [Theory, MemberData(nameof(Seeds))]
    public Task Members_that_die_cost_no_record_and_no_order(int seed) => new Scenario(seed, Churn.Deaths).RunAsync();

    [Theory, MemberData(nameof(Seeds))]
    public Task Members_that_are_expelled_cost_no_record_and_no_order(int seed) => new Scenario(seed, Churn.Expulsions).RunAsync();

    private enum Churn { None, Calm, Orderly, Deaths, Expulsions }

    private sealed class Scenario(int seed, Churn churn)
    {
        private const int Records = 400, Keys = 14, Steps = 12;

        private readonly ConsumerOptions _options = new()
        {
            MaxConcurrency = 5,
            Retries = 2,
            Window = 40,
            PollSize = 9,
            DrainTimeout = churn == Churn.Calm ? TimeSpan.FromHours(3) : TimeSpan.FromSeconds(60), // of a clock that runs 200 times as fast
        };

        private readonly Random _random = new(seed);
        private readonly MemoryEventLog _log = new(partitions: 3);
        private readonly Lock _gate = new();
        private readonly Dictionary<string, (Member Member, int Number)> _handling = [];
        private readonly Dictionary<string, List<int>> _finished = [];
        private readonly HashSet<int> _isFinished = [];
        private readonly int[] _tries = new int[Records];
        private readonly int[] _handled = new int[Records];
        private readonly List<Member> _members = [];
        private readonly ConcurrentQueue<string> _violations = new();
        private readonly ConcurrentBag<Task> _dead = [];
        private bool _faults = churn != Churn.Calm;

        public async Task RunAsync()
        {
            _log.OnPoll = _ => Fault(0.02);
            _log.OnAppend = (messages, _) => messages[0].Topic == "topic" ? Task.CompletedTask : Task.Run(() => Fault(0.3));
            _log.OnAppended = messages =>
            {
                foreach (var message in messages.Where(message => message.Topic == "topic.dlt"))
                    Finish(message.Key!, Number(message.Headers));
            };
            _log.OnCommit = CheckCommit;

            var next = 0;
            Join();
            for (var step = 0; step < Steps; step++)
            {
                var count = step == Steps - 1 ? Records - next : _random.Next(Records / Steps * 2);
                count = Math.Min(count, Records - next);
                if (count > 0)
                    await _log.AppendAsync([.. Enumerable.Range(next, count).Select(Message)], default);
                next += count;
                await Task.Delay(_random.Next(15));
                await DisturbAsync();
            }
            _faults = false;
            if (_members.Count == 0)
                Join();
            await Eventually.TrueAsync(
                () => !_violations.IsEmpty || _log.Lag("group", "topic") == 0, $"all finished (seed {seed})");
            foreach (var member in _members)
                await member.Running.StopAsync().WaitAsync(Eventually.Patience);

            Assert.True(_violations.IsEmpty, $"Seed {seed}: {string.Join("; ", _violations.Take(5))}");
            Assert.True(_isFinished.Count == Records, $"Seed {seed}: {Records - _isFinished.Count} records are lost.");
            foreach (var (key, numbers) in _finished)
                Assert.True(numbers.SequenceEqual(numbers.Order()), $"Seed {seed}: {key} was finished in the order {string.Join(' ', numbers)}.");
            if (churn is Churn.None or Churn.Calm)
                Assert.True(_handled.All(times => times <= 1), $"Seed {seed}: handled again without need: {string.Join(' ', Again())}.");

            var handled = _handled.Sum();
            _members.Clear();
            await using var late = Join().Running;
            var polls = _log.Polls;
            await Eventually.TrueAsync(() => _log.Polls > polls + 3, "the late member polls");
            Assert.True(handled == _handled.Sum(), $"Seed {seed}: a record was delivered again after a clean end.");
            await Task.WhenAll(_dead).WaitAsync(Eventually.Patience);
        }

        private IEnumerable<int> Again() => Enumerable.Range(0, Records).Where(number => _handled[number] > 1);

        private async Task DisturbAsync()
        {
            switch (_random.Next(churn switch { Churn.None => 0, Churn.Calm or Churn.Orderly => 3, Churn.Deaths => 4, _ => 5 }))
            {
                case 1 when _members.Count < 3:
                    Join();
                    break;
                case 2 when _members.Count > 0:
                    var leaving = _members[_random.Next(_members.Count)];
                    _members.Remove(leaving);
                    await leaving.Running.StopAsync().WaitAsync(Eventually.Patience);
                    break;
                case 3 when _members.Count > 0:
                    Kill(_members[_random.Next(_members.Count)]);
                    break;
                case 4:
                    _log.ExpelReaders("group");
                    break;
            }
            if (_members.Count == 0)
                Join();
        }

        private Member Join()
        {
            var member = new Member();
            member.Running = new(_log, new Handler((e, number, token) => HandleAsync(member, e.Key, number, token)), new FastTime(200), _options);
            _members.Add(member);
            return member;
        }

        /// <summary>From here on it commits nothing, and its handlers get nowhere.</summary>
        private void Kill(Member member)
        {
            _members.Remove(member);
            lock (_gate)
            {
                member.IsDead = true;
                foreach (var (key, _) in _handling.Where(entry => entry.Value.Member == member).ToList())
                    _handling.Remove(key);
            }
            _log.Kill([member.Running.Runtime]);
            _dead.Add(member.Running.StopAsync());
        }

        private async Task HandleAsync(Member member, string key, int number, CancellationToken token)
        {
            if (!TryEnter(member, key, number))
                await Task.Delay(Timeout.Infinite, token);
            try
            {
                await BehaveAsync(number, token);
                if (member.IsDead)
                    await Task.Delay(Timeout.Infinite, token);
                Interlocked.Increment(ref _handled[number]);
                Finish(key, number);
            }
            finally
            {
                lock (_gate)
                    if (_handling.TryGetValue(key, out var entry) && entry == (member, number))
                        _handling.Remove(key);
            }
        }

        private bool TryEnter(Member member, string key, int number)
        {
            lock (_gate)
            {
                if (member.IsDead)
                    return false;
                if (!_handling.TryAdd(key, (member, number)) && churn != Churn.Expulsions) // an expelled member may not know it yet
                    _violations.Enqueue($"{key} was handled twice at the same time: {_handling[key].Number} and {number}");
                return true;
            }
        }

        private async Task BehaveAsync(int number, CancellationToken token)
        {
            var random = new Random(HashCode(number));
            var kind = random.Next(100);
            var failures = random.Next(1, 5);
            var tries = Interlocked.Increment(ref _tries[number]);
            switch (kind)
            {
                case < 12:
                    await Task.Delay(random.Next(1, 8), token);
                    break;
                case < 22:
                    await Task.Yield();
                    break;
                case >= 22 when churn == Churn.Calm:
                    break;
                case < 30 when tries <= failures:
                    throw new IOException("transient");
                case < 36 when tries <= failures:
                    await Task.Yield();
                    throw new TaskCanceledException("a time limit of the handler's own");
                case < 38 when tries == 1:
                    throw new DependencyUnavailableException("dependency", TimeSpan.FromMilliseconds(1));
                case < 42:
                    throw new PermanentFailureException("permanent");
            }
        }

        private LogMessage Message(int number)
        {
            var random = new Random(HashCode(~number));
            var key = $"key-{random.Next(Keys)}";
            var kind = random.Next(100);
            if (kind == 0)
                Finish(key, number, skipped: true);
            var message = Log.Message(key, number, headers:
                [("number", number.ToString()), .. kind == 0 ? [(DeadLetterHeaders.ReplayGroup, "other")] : Array.Empty<(string, string)>()]);
            return kind == 1 ? message with { Value = new byte[] { 1, 2, 3 } } : message;
        }

        private int HashCode(int number) => unchecked(seed * 7919 + number * 104_729);

        private void Finish(string key, int number, bool skipped = false)
        {
            lock (_gate)
            {
                if (!_isFinished.Add(number) || skipped)
                    return;
                if (!_finished.TryGetValue(key, out var numbers))
                    _finished[key] = numbers = [];
                numbers.Add(number);
            }
        }

        private void CheckCommit(string group, IReadOnlyDictionary<TopicPartition, long> offsets)
        {
            foreach (var record in _log.Records("topic"))
                if (offsets.TryGetValue(new(record.Topic, record.Partition), out var mark) && record.Offset < mark)
                    lock (_gate)
                        if (!_isFinished.Contains(Number(record.Headers)))
                            _violations.Enqueue($"the commit {mark} passed the unfinished record {record.Offset}");
            Fault(0.1);
        }

        private void Fault(double probability)
        {
            if (_faults && Random.Shared.NextDouble() < probability)
                throw new DependencyUnavailableException("event log", TimeSpan.FromMilliseconds(1));
        }

        private static int Number(IEnumerable<KeyValuePair<string, string>> headers) => int.Parse(headers.First(header => header.Key == "number").Value);

        private sealed class Member
        {
            public Running Running { get; set; } = null!;
            public volatile bool IsDead;
        }
    }
}
