"""insyz failed retry: start failed reports anew."""

import argparse
from typing import TYPE_CHECKING

from starter.commands.failed_arguments import add_filters, add_reports
from starter.exit_codes import ExitCode

if TYPE_CHECKING:
    from temporalio.client import Client


def add_parser(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = actions.add_parser(
        "retry",
        help="start failed reports anew",
        description="Each as it stands in the portal's table now (REPORTS_DATABASE_URL), else as "
        "it was. INSYZ is asked first whether it has it. One that cannot be started does not stop "
        "the others.",
    )
    # What stands before `retry` already holds as well.
    add_reports(parser, nargs="*")
    parser.add_argument("--all", action="store_true", help="all that `insyz failed` lists")
    add_filters(parser, default=argparse.SUPPRESS)
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="answer with one JSON object",
    )
    parser.set_defaults(run=run, usage_error=parser.error)


async def run(args: argparse.Namespace) -> ExitCode:
    filtered = bool(args.type or args.since)
    if bool(args.reports) == (args.all or filtered):
        args.usage_error("either ID_ZP…, or --all, --type or --since")
    from starter.bulk import Tally
    from starter.bulk_output import conclude
    from starter.connection import TemporalUnreachableError, connect
    from starter.failed_retry import retry_each, store_in_use
    from starter.progress import progress

    tally, stopped = Tally(), None
    async with store_in_use() as store:
        client = await connect()
        reports = args.reports or await _listed(client, args)
        try:
            with progress("retrying", len(reports)) as done:
                await retry_each(client, reports, store, tally, done)
        except TemporalUnreachableError as error:
            stopped = error
    return conclude(tally, len(reports), as_json=args.json, stopped=stopped)


async def _listed(client: "Client", args: argparse.Namespace) -> list[str]:
    from starter.failed import failed_reports

    queue = await failed_reports(client, since=args.since, error_type=args.type)
    return [one.workflow_id for one in queue]
