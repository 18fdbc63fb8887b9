"""End to end: from the start until INSYZ has the report, the portal has the outcome, and we know.

The naive program runs on the same server, beside ours, from the same client process, in turns.
"""

from pathlib import Path

from bench.contestants import at_once, naive_program, one_at_a_time, pipeline
from bench.figures import Figure, Goal, percentile
from bench.scale import Scale
from bench.stack import insyz, tuned_server

SECTION = "end_to_end"


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    latencies: list[list[list[float]]] = []
    rates: list[list[float]] = []
    async with (
        tuned_server(folder) as client,
        insyz(folder),
        pipeline(client, folder) as ours,
        naive_program(client.service_client.config.target_host, folder) as other,
    ):
        for _ in range(scale.rounds):
            latencies.append(await one_at_a_time([ours, other], scale.one_at_a_time))
            rates.append([await at_once(one, scale.at_once) for one in (ours, other)])
    return [
        _latency("p50", 0.5, latencies),
        _latency("p95", 0.95, latencies),
        Figure(
            SECTION,
            f"{scale.at_once} at once, one worker each",
            "/s",
            [round_[0] for round_ in rates],
            [round_[1] for round_ in rates],
            Goal(at_least=1.0),
        ),
    ]


def _latency(name: str, share: float, rounds: list[list[list[float]]]) -> Figure:
    ours, other = (
        [1_000 * percentile(round_[place], share) for round_ in rounds] for place in (0, 1)
    )
    return Figure(SECTION, f"one at a time, {name}", "ms", ours, other, Goal(at_most=1.0))
