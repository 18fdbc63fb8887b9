"""insyz failed: reports that need a person, and what a person can do about them."""

import argparse
from typing import TYPE_CHECKING

from starter.commands import failed_dismiss, failed_retry
from starter.commands.failed_arguments import add_filters
from starter.exit_codes import ExitCode

if TYPE_CHECKING:
    from starter.failed import FailedReport

COLUMNS = ("id_zp", "order", "when", "error", "message", "tries")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "failed",
        help="reports that have failed; retry or dismiss them",
        description="Without a command: lists the reports whose latest run ended without INSYZ "
        "having them. One that a later run brought there, or that is open again, is not among "
        "them, nor one that was dismissed.",
    )
    add_filters(parser)
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(metavar="retry|dismiss")
    for action in (failed_retry, failed_dismiss):
        action.add_parser(actions)


async def run(args: argparse.Namespace) -> ExitCode:
    from starter.connection import connect
    from starter.failed import failed_reports
    from starter.output import answer_json, answer_table

    queue = await failed_reports(await connect(), since=args.since, error_type=args.type)
    if args.json:
        answer_json({"failed": [one.as_json() for one in queue]})
    else:
        answer_table(COLUMNS, map(_row, queue))
    return ExitCode.OK


def _row(one: "FailedReport") -> tuple[str, ...]:
    from starter.periods import moment

    whose = str(one.id_zp or one.workflow_id)
    error = (one.error.type, " ".join(one.error.message.split()))
    return whose, one.cislo_zp or "", moment(one.when), *error, str(one.tries)
