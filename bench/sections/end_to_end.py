"""End to end: from the start until INSYZ has the report, the portal has the outcome, and we know.

The naive program runs on the same server, beside ours, from the same client process, in turns; and
once more as our worker runs, to show what of the result is owed to that.
"""

from pathlib import Path

from bench.contestants import at_once, naive_program, one_at_a_time, pipeline
from bench.figures import Figure, Goal, percentile
from bench.scale import Scale
from bench.stack import insyz, tuned_server

SECTION = "end_to_end"
OURS, NAIVE, LEAN = range(3)


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    latencies: list[list[list[float]]] = []
    rates: list[list[float]] = []
    async with tuned_server(folder) as client, insyz(folder):
        address = client.service_client.config.target_host
        async with (
            pipeline(client, folder) as ours,
            naive_program(address, folder) as other,
            naive_program(address, folder, lean=True) as lean,
        ):
            contestants = (ours, other, lean)
            for _ in range(scale.rounds):
                latencies.append(await one_at_a_time(contestants, scale.one_at_a_time))
                rates.append([await at_once(one, scale.at_once) for one in contestants])
    many = f"{scale.at_once} at once, one worker each"
    return [
        _latency("p50", 0.5, latencies, NAIVE, Goal(at_most=1.0)),
        _latency("p95", 0.95, latencies, NAIVE, Goal(at_most=1.0)),
        _rate(many, rates, NAIVE, Goal(at_least=1.0)),
        _latency("p50, against the naive program made lean", 0.5, latencies, LEAN),
        _rate(f"{many}, against that", rates, LEAN),
    ]


def _rate(what: str, rates: list[list[float]], other: int, goal: Goal | None = None) -> Figure:
    ours, theirs = ([round_[place] for round_ in rates] for place in (OURS, other))
    return Figure(SECTION, what, "/s", ours, theirs, goal)


def _latency(
    name: str, share: float, rounds: list[list[list[float]]], other: int, goal: Goal | None = None
) -> Figure:
    ours, theirs = (
        [1_000 * percentile(round_[place], share) for round_ in rounds] for place in (OURS, other)
    )
    return Figure(SECTION, f"one at a time, {name}", "ms", ours, theirs, goal)
