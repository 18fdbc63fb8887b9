"""insyz submit: hand a report to the pipeline."""

import argparse
from typing import Any

from starter.exit_codes import ExitCode

WAIT_SECS = 45.0
"""What the portal's browser waits at most (insyz-gateway, "Time")."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "submit",
        help="submit a report to INSYZ",
        description="Checks the report, hands it to Temporal and returns. From then on it cannot "
        "be lost: it goes on without this command.",
    )
    parser.add_argument("file", metavar="FILE|-", help="the report as JSON; - reads stdin")
    parser.add_argument(
        "--submitted-by", type=int, metavar="INT_ADR", help="who pressed the button"
    )
    parser.add_argument(
        "--wait",
        type=float,
        nargs="?",
        const=WAIT_SECS,
        metavar="SECONDS",
        help=f"wait for the outcome, at most this long (default {WAIT_SECS:g})",
    )
    parser.add_argument(
        "--resend",
        action="store_true",
        help="send a report once more that INSYZ already has: it will be there twice",
    )
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from starter.output import tell
    from starter.reading import read_report
    from starter.submission import submit, wait_for_result

    report = read_report(args.file)
    started = await submit(report, submitted_by=args.submitted_by, resend=args.resend)
    if started.joined:
        tell(f"report {started.status.id_zp} is being submitted already; joined that run")
    outcome = started.status
    if args.wait is not None:
        ended = await wait_for_result(started, args.wait)
        if ended is None:
            return _still_running(args, started)
        outcome = ended
    _print(args, started, outcome)
    return ExitCode.FAILED if outcome.state == "rejected" else ExitCode.OK


def _still_running(args: argparse.Namespace, started: Any) -> ExitCode:
    from starter.output import tell

    tell("Odesílání trvá déle než obvykle. Pokračuje na pozadí, hlášení se neztratí.")
    _print(args, started, started.status)
    return ExitCode.STILL_RUNNING


def _print(args: argparse.Namespace, started: Any, status: Any) -> None:
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
