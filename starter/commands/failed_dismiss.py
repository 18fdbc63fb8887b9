"""insyz failed dismiss: nothing more is to be done about a failed report."""

import argparse

from starter.commands.deciding import add_by
from starter.commands.failed_arguments import add_reports
from starter.exit_codes import ExitCode


def add_parser(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = actions.add_parser(
        "dismiss",
        help="keep failed reports out of the list until they fail anew",
        description="Says that a person is done with a failed report. Recorded in Temporal, as "
        "long as the run itself; the report is left as it is.",
    )
    add_reports(parser, nargs="+")
    parser.add_argument("--why", required=True, help="recorded")
    add_by(parser, "who says so")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from starter.connection import connect
    from starter.dismissals import NotFailedError, dismiss_failure
    from starter.output import tell
    from starter.statuses import UnknownReportError

    client = await connect()
    code = ExitCode.OK
    for workflow_id in args.reports:
        try:
            new = await dismiss_failure(client, workflow_id, by=args.by, why=args.why)
            tell(f"{workflow_id}: {f'dismissed by {args.by}' if new else 'was dismissed already'}")
        except (NotFailedError, UnknownReportError) as error:
            tell(f"{workflow_id}: {error}")
            code = ExitCode.FAILED
    return code
