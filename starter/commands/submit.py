"""insyz submit: hand reports to the pipeline."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starter.arguments import seconds, whole
from starter.commands.deciding import add_by
from starter.exit_codes import ExitCode

if TYPE_CHECKING:
    from temporalio.client import Client

    from insyz.resend import Resend
    from starter.submission import Started
    from workflows.contract import Status

WAIT_SECS = 45.0
"""What the portal's browser waits at most (insyz-gateway, "Time")."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "submit",
        help="submit a report to INSYZ",
        description="Checks the report, hands it to Temporal and returns. From then on it cannot "
        "be lost: it goes on without this command.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", nargs="?", metavar="FILE|-", help="the report as JSON; - reads stdin")
    what.add_argument(
        "--report-id",
        type=whole(1, 2**63 - 1),
        metavar="N",
        help="read the report from the portal's database (REPORTS_DATABASE_URL) and mark it `send`",
    )
    what.add_argument(
        "--pending",
        action="store_true",
        help="submit all reports in `send` that no workflow is running for (REPORTS_DATABASE_URL)",
    )
    parser.add_argument(
        "--submitted-by", type=int, metavar="INT_ADR", help="who pressed the button"
    )
    parser.add_argument(
        "--wait",
        type=seconds,
        nargs="?",
        const=WAIT_SECS,
        metavar="SECONDS",
        help=f"wait for the outcome, at most this long (default {WAIT_SECS:g})",
    )
    parser.add_argument(
        "--resend",
        action="store_true",
        help="send a report once more that INSYZ already has: it will be there twice; wants --by "
        "and --why",
    )
    add_by(parser, "who decides to --resend", required=False)
    parser.add_argument("--why", help="with --resend; recorded")
    parser.add_argument(
        "--ensure-worker",
        action="store_true",
        help="start a worker on this machine if none serves the queue (insyz ensure-worker)",
    )
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=run, usage_error=parser.error)


async def run(args: argparse.Namespace) -> ExitCode:
    if args.resend and (args.pending or not (args.by and args.why)):
        args.usage_error("--resend is for one report, and wants --by and --why")
    if args.pending:
        return await _submit_pending(args)
    from starter.output import tell
    from starter.submission import wait_for_result

    started = await _submit(args)
    if started.joined:
        tell(f"report {started.status.id_zp} is being submitted already; joined that run")
    outcome = started.status
    async with _a_worker_ensured(args, started.client):
        ended = await wait_for_result(started, args.wait) if args.wait is not None else None
    if args.wait is not None:
        outcome = ended or await _by_now(started)
        if outcome.state == "send":
            tell("Odesílání trvá déle než obvykle. Pokračuje na pozadí, hlášení se neztratí.")
            _print(args, started, outcome)
            return ExitCode.STILL_RUNNING
    _print(args, started, outcome)
    return ExitCode.FAILED if outcome.state == "rejected" else ExitCode.OK


async def _by_now(started: "Started") -> "Status":
    """What has become of a submission that takes long, or what was so at its start: it has been
    handed over, and that this cannot be told now must not look as if it had not."""
    from temporalio.service import RPCError

    from starter.connection import TemporalUnreachableError
    from starter.payloads.encryption import UnreadablePayloadError
    from starter.statuses import UnknownReportError, status

    assert started.status.id_zp is not None  # noqa: S101 (of a report that was checked)
    untold = (TemporalUnreachableError, UnreadablePayloadError, UnknownReportError, RPCError)
    try:
        now = await status(started.status.id_zp, client=started.client)
    except untold:
        return started.status
    return now.model_copy(update={"submission_key": started.status.submission_key})


async def _submit(args: argparse.Namespace) -> "Started":
    if args.report_id is None:
        from starter.reading import read_report
        from starter.submission import submit

        report = read_report(args.file)
        return await submit(report, submitted_by=args.submitted_by, resend=_resend(args))
    from starter.stored import portal_store, submit_stored

    async with portal_store() as store:
        return await submit_stored(
            store, args.report_id, submitted_by=args.submitted_by, resend=_resend(args)
        )


def _resend(args: argparse.Namespace) -> "Resend | None":
    if not args.resend:
        return None
    from insyz.resend import Resend

    return Resend(by=args.by, why=args.why)


@asynccontextmanager
async def _a_worker_ensured(args: argparse.Namespace, client: "Client") -> AsyncIterator[None]:
    """Meanwhile. That none can be started is no failure of the report: it waits for one."""
    if not args.ensure_worker:
        yield
        return
    from starter.on_demand import NoWorkerStartedError, ensure_worker
    from starter.output import tell

    ensuring = asyncio.create_task(ensure_worker(client))
    yield
    try:
        await ensuring
    except NoWorkerStartedError as error:
        tell(str(error), "The report is safe: it is submitted as soon as a worker runs.")


async def _submit_pending(args: argparse.Namespace) -> ExitCode:
    from dataclasses import asdict

    from starter.connection import connect
    from starter.output import answer, answer_json, tell
    from starter.stored import portal_store, submit_pending

    client = await connect()
    async with portal_store() as store:
        pending = await submit_pending(store, client)
    if pending.started or pending.running:
        async with _a_worker_ensured(args, client):
            pass
    for report_id, why in pending.failed.items():
        tell(f"report_id {report_id}: {why}")
    if args.json:
        answer_json(asdict(pending))
    else:
        counts = {name: len(reports) for name, reports in asdict(pending).items()}
        answer(", ".join(f"{name}: {count}" for name, count in counts.items()))
    return ExitCode.FAILED if pending.failed else ExitCode.OK


def _print(args: argparse.Namespace, started: "Started", status: "Status") -> None:
    from starter.output import answer, answer_json, status_lines

    if args.json:
        answer_json(
            status.model_dump(mode="json")
            | {
                "workflow_id": started.workflow_id,
                "run_id": started.run_id,
                "joined": started.joined,
            }
        )
    else:
        answer(status_lines(status))
