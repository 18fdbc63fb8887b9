"""The embedded server as `insyz server` starts it, against the dev server as it comes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.contestants import Naive, at_once, naive_program, one_at_a_time
from bench.figures import Figure, Goal, percentile
from bench.scale import Scale
from bench.stack import insyz, started, tuned_server
from demo.processes import port
from starter.connection import TemporalUnreachableError, connect
from starter.embedded import server_command
from tests.support import eventually

SECTION = "server"
FASTER = Goal(at_least=2.5)


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    p50s: list[list[float]] = []
    rates: list[list[float]] = []
    async with (
        tuned_server(folder) as client,
        insyz(folder),
        naive_program(client.service_client.config.target_host, folder) as tuned,
        _as_it_comes(folder) as plain,
    ):
        for _ in range(scale.rounds):
            took = await one_at_a_time([tuned, plain], scale.one_at_a_time)
            p50s.append([1_000 * percentile(one, 0.5) for one in took])
            rates.append([await at_once(one, scale.at_once) for one in (tuned, plain)])
    tuned_ms, plain_ms = zip(*p50s, strict=True)
    tuned_rate, plain_rate = zip(*rates, strict=True)
    faster = [plain / tuned for tuned, plain in p50s]
    return [
        Figure(SECTION, "one at a time, p50", "ms", tuned_ms, plain_ms),
        Figure(SECTION, "one at a time, p50: times as fast", "×", faster, goal=FASTER),
        Figure(SECTION, f"{scale.at_once} at once", "/s", tuned_rate, plain_rate, FASTER),
    ]


@asynccontextmanager
async def _as_it_comes(folder: Path) -> AsyncIterator[Naive]:
    """`temporal server start-dev --db-filename`, and nothing else that makes a difference."""
    temporal, *_ = server_command(db_file=None)
    number = port(0)
    address = f"127.0.0.1:{number}"
    command = [temporal, "server", "start-dev", "--db-filename", str(folder / "plain.db")]
    command += ["--port", str(number), "--headless", "--log-level", "error"]
    async with started(command, folder):
        await eventually(lambda: connect(address=address), retry_on=TemporalUnreachableError)
        async with naive_program(address, folder) as naive:
            yield naive
