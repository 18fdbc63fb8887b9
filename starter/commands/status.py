"""insyz status: what became of a report."""

import argparse
from typing import TYPE_CHECKING

from insyz.secret_files import is_given
from starter.arguments import id_zp
from starter.exit_codes import ExitCode

if TYPE_CHECKING:
    from workflows.contract import Status


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("status", help="what became of a report")
    parser.add_argument("id_zp", type=id_zp, metavar="ID_ZP")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from starter.output import answer, answer_json, status_lines
    from starter.statuses import UnknownReportError, status

    try:
        now = await status(args.id_zp)
    except UnknownReportError:
        stored = await _stored(args.id_zp)
        if stored is None:
            raise
        now = stored
    if args.json:
        answer_json(now.model_dump(mode="json"))
    else:
        answer(status_lines(now))
    return ExitCode.FAILED if now.state == "rejected" else ExitCode.OK


async def _stored(id_zp: int) -> "Status | None":
    """From the portal's table: it had no workflow yet, or its retention is over."""
    if not is_given("REPORTS_DATABASE_URL"):
        return None
    from starter.stored import stored_status

    return await stored_status(id_zp)
