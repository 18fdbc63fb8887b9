"""insyz stats: how submissions are doing."""

import argparse
from typing import TYPE_CHECKING

from starter.exit_codes import ExitCode
from starter.periods import moment, since

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starter.insyz_health import InsyzHealth
    from starter.measured import Landmark
    from starter.stats import Stats


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "stats",
        help="how submissions are doing, which workers are there, whether INSYZ is",
        description="What is open now, and what the period brought. Needs no worker. INSYZ is "
        "asked where INSYZ_URL and the worker's other settings are set.",
    )
    parser.add_argument(
        "--since",
        type=since,
        default="24h",
        metavar="PERIOD",
        help="24h, 7d, or a date: what ended since then (default 24h)",
    )
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    import asyncio

    from pydantic_core import to_jsonable_python

    from starter.connection import connect
    from starter.insyz_health import insyz_health
    from starter.output import answer_json, answer_table
    from starter.stats import stats

    client = await connect()
    now, insyz = await asyncio.gather(stats(client, args.since), insyz_health())
    if args.json:
        answer_json(to_jsonable_python(now) | {"insyz": to_jsonable_python(insyz)})
        return ExitCode.OK
    answer_table(("state", "phase", "submissions"), _counts(now))
    answer_table(("what", ""), _figures(now, insyz))
    return ExitCode.OK


def _counts(now: "Stats") -> "Iterator[tuple[str, str, str]]":
    states = {"taken": "submitted", "found": "submitted", "failed": "rejected", "stopped": "send"}
    for phase, number in now.open.items():
        yield "send", phase, str(number)
    for phase, number in now.ended.items():
        yield states.get(phase, "submitted"), f"{phase} since {moment(now.since)}", str(number)


def _figures(now: "Stats", insyz: "InsyzHealth") -> "Iterator[tuple[str, str]]":
    measured = now.measured
    yield "open longest", _named(now.oldest_open, "since")
    yield "failed first", _named(measured.oldest_failed, "on")
    if measured.tries_mean is not None and measured.retried is not None:
        yield (
            "tries",
            f"{measured.tries_mean:.2f} on average; {measured.retried:.0%} needed more than one",
        )
    if measured.submit_secs_p50 is not None:
        yield (
            "time to submit",
            f"p50 {measured.submit_secs_p50:.1f} s, p95 {measured.submit_secs_p95:.1f} s",
        )
    for worker in now.workers:
        yield "worker", f"{worker.host} pid {worker.pid}, since {moment(worker.started)}"
    if not now.workers:
        yield "worker", "none is polling: start one with: insyz worker"
    reachable = {True: "reachable", False: "not reachable: ", None: ""}[insyz.reachable]
    yield "INSYZ", f"{reachable}{insyz.detail}"


def _named(one: "Landmark | None", when: str) -> str:
    if one is None:
        return "none"
    words = [str(one.id_zp or one.workflow_id), one.cislo_zp, one.phase]
    return f"{', '.join(word for word in words if word)}, {when} {moment(one.at)}"
