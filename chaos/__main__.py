"""Reports through real processes that are killed all the time, and what INSYZ holds in the end.

Exit code 0 only when every report arrived exactly once or was rejected rightly (or, where INSYZ
can neither deduplicate nor be asked, waited for a person's decision and then did).
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
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from chaos.run import Outcome, Plan, run
from insyz.gateway import Delivery
from insyz.sql_strategy import SqlStrategy
from starter.process import run_and_exit

INTERRUPTED = 130
COLUMNS: Mapping[str, Callable[[Outcome], object]] = {
    "seed": lambda one: one.plan.seed,
    "delivery": lambda one: one.plan.delivery,
    "rule": lambda one: one.plan.rule,
    "asked": lambda one: one.asked,
    "taken once": lambda one: len(one.last.taken_once),
    "rightly rejected": lambda one: len(one.last.rightly_rejected),
    "lost": lambda one: len(one.last.lost),
    "doubled": lambda one: len(one.last.doubled),
    "wrongly rejected": lambda one: len(one.last.wrongly_rejected),
    "still open": lambda one: len(one.last.still_open + one.last.needs_decision),
    "needed decision": lambda one: len(one.first.needs_decision),
    "without need": lambda one: len(one.first.needlessly_asked),
    "workers killed": lambda one: one.done["kills"],
    "workers left": lambda one: one.done["left"],
    "frozen": lambda one: one.done["freezes"],
    "Temporal killed": lambda one: one.done["restarts"],
    "terminated": lambda one: one.done["terminated"],
    "reset": lambda one: one.done["reset"],
    "seconds": lambda one: f"{one.seconds:.0f}",
    "claim": lambda one: "none" if one.plan.rule == "old" else "holds" if one.holds else "BROKEN",
}


def main() -> int:
    """Runs what the command line asks for; returns the exit code."""
    options = _parser().parse_args()
    # The SDK warns of each call that has to wait for a server which was killed on purpose.
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    # A SIGTERM leaves by the same way as Ctrl-C: through the blocks that end the children. So does
    # SIGINT in the background, where a shell has it ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    try:
        outcomes = [_one_run(options, seed) for seed in options.seeds or [options.seed]]
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        return INTERRUPTED
    if options.json:
        sys.stdout.write(json.dumps([_as_json(outcome) for outcome in outcomes], indent=1) + "\n")
    else:
        Console(width=None if sys.stdout.isatty() else 200).print(_table(outcomes))
    return 0 if all(outcome.holds for outcome in outcomes) else 1


def _one_run(options: argparse.Namespace, seed: int) -> Outcome:
    """Its files are kept only where the claim is broken, or where the caller said."""
    made = Path(options.state or tempfile.mkdtemp(prefix="chaos-"))
    delivery = options.strategy if options.gateway == "sqlserver" else options.delivery
    folder = made / f"{delivery}-{options.rule}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    plan = Plan(
        reports=options.reports,
        seed=seed,
        delivery=delivery,
        rule=options.rule,
        workers=options.workers,
        per_second=options.rate,
        quiet=options.json,
    )
    outcome = asyncio.run(run(plan, folder))
    (folder / "outcome.json").write_text(json.dumps(_as_json(outcome), indent=1), "utf-8")
    if not outcome.holds:
        sys.stderr.write(f"seed {seed}: the claim is broken; logs and books are in {folder}\n")
    elif options.state is None:
        shutil.rmtree(made, ignore_errors=True)
    return outcome


def _table(outcomes: list[Outcome]) -> Table:
    table = Table(*COLUMNS)
    for outcome in outcomes:
        table.add_row(*(str(show(outcome)) for show in COLUMNS.values()))
    return table


def _as_json(outcome: Outcome) -> dict[str, Any]:
    """The table's row, and which reports stand behind its numbers."""
    row = {name.replace(" ", "_"): show(outcome) for name, show in COLUMNS.items()}
    return row | {"first": asdict(outcome.first), "last": asdict(outcome.last)}


def _seeds(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return [*range(int(first), int(last or first) + 1)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    add = parser.add_argument
    add("--reports", type=int, default=1_000, help="reports of one run (default: %(default)s)")
    add("--seed", type=int, default=1, help="what is broken, and when (default: %(default)s)")
    add("--seeds", type=_seeds, metavar="1-5", help="one run for each seed of this range")
    add(
        "--delivery",
        choices=[kind.value for kind in Delivery],
        default=Delivery.LOOKUP.value,
        help="what INSYZ's gateway can do against doubling (default: %(default)s)",
    )
    add("--gateway", choices=["http", "sqlserver"], default="http", help="default: %(default)s")
    add(
        "--strategy",
        choices=[strategy.value for strategy in SqlStrategy],
        default=SqlStrategy.LEDGER.value,
        help="how reports are written into a SQL Server (default: %(default)s)",
    )
    add("--rule", choices=["ours", "old"], default="ours", help="whose worker (default: ours)")
    add("--workers", type=int, default=2, help="worker processes (default: %(default)s)")
    add("--rate", type=float, default=20.0, help="reports a second (default: %(default)s)")
    add("--state", metavar="FOLDER", help="keep all files here (default: only those of a failure)")
    add("--json", action="store_true", help="print JSON, and nothing else")
    return parser


if __name__ == "__main__":
    run_and_exit(main)
