"""The same job by other queues, and by ours: how fast, and what survives.

Needs the extra `peers`: pip install -e .[peers]
"""

import argparse
import asyncio
import json
import logging
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.peers.peer import KNOWN, opened
from bench.peers.speed import Speed, speed
from bench.peers.survival import Survival, survival
from insyz.gateway import Delivery
from starter.process import run_and_exit

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Row:
    """One tool. `speed` or `survival` is None where it was not asked for."""

    title: str
    version: str
    speed: Speed | None
    survival: Survival | None


SPEED: Mapping[str, Callable[[Speed], str]] = {
    "p50": lambda had: f"{had.p50 * 1_000:.1f} ms",
    "300 at once": lambda had: f"{had.rate:.0f}/s",
    "processor": lambda had: f"{had.processor * 1_000:.1f} ms",
    "cold start": lambda had: f"{had.cold:.2f} s",
    "idle worker": lambda had: f"{had.megabytes:.0f} MB",
}
SURVIVAL: Mapping[str, Callable[[Survival], object]] = {
    "doubled": lambda had: had.doubled,
    "lost": lambda had: had.lost,
    "taken, shown as failed": lambda had: had.wrongly_failed,
    "given up": lambda had: had.given_up,
    "still open": lambda had: had.still_open,
    "of": lambda had: had.asked,
    "workers killed": lambda had: had.kills,
}


def main() -> int:
    """Runs what the command line asks for; returns the exit code."""
    options = _parser().parse_args()
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    # A SIGTERM leaves by the same way as Ctrl-C: through the blocks that end the children.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    try:
        rows = [asyncio.run(_measured(name, options)) for name in options.names or KNOWN]
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        return INTERRUPTED
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", "utf-8")
    sys.stdout.write(_markdown(rows) + "\n")
    return 0


async def _measured(name: str, options: argparse.Namespace) -> Row:
    """Its files are kept only when it fails, for a look at the workers' logs."""
    folder = Path(tempfile.mkdtemp(prefix=f"peers-{name}-"))
    sys.stderr.write(f"{name}: logs in {folder}\n")
    async with opened(name, folder) as peer:
        had = await speed(peer, folder) if "speed" in options.parts else None
        _tell(had)
        survived = None
        if "survival" in options.parts:
            survived = await survival(
                peer, folder, reports=options.reports, seed=options.seed, delivery=options.delivery
            )
        _tell(survived)
        row = Row(peer.title, peer.version, had, survived)
    shutil.rmtree(folder, ignore_errors=True)
    return row


def _tell(part: Speed | Survival | None) -> None:
    if part is not None:
        sys.stderr.write(f"  {part}\n")


def _markdown(rows: list[Row]) -> str:
    cells = [("", *SPEED, *SURVIVAL), ["---"] * (1 + len(SPEED) + len(SURVIVAL))]
    cells += [_cells(row) for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in cells)


def _cells(row: Row) -> list[str]:
    had, survived = row.speed, row.survival
    return [
        f"{row.title} {row.version}",
        *("" if had is None else show(had) for show in SPEED.values()),
        *("" if survived is None else str(show(survived)) for show in SURVIVAL.values()),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help=f"of {', '.join(KNOWN)}")
    add("--reports", type=int, default=200, help="while things break (default: %(default)s)")
    add("--seed", type=int, default=2, help="what breaks, and when (default: %(default)s)")
    add(
        "--delivery",
        choices=[kind.value for kind in Delivery],
        default=Delivery.LOOKUP.value,
        help="what INSYZ's gateway can do against doubling (default: %(default)s)",
    )
    add("--parts", nargs="+", choices=["speed", "survival"], default=["speed", "survival"])
    add("--json", type=Path, metavar="FILE", help="write the figures here as well")
    return parser


if __name__ == "__main__":
    run_and_exit(main)
