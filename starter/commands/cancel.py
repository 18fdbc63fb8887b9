"""insyz cancel: do not send a report any more."""

import argparse

from starter.arguments import id_zp
from starter.commands.deciding import add_by
from starter.exit_codes import ExitCode


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "cancel",
        help="do not send a report any more",
        description="A report that was not sent is rejected. One that may be on its way is "
        "followed to its end first, and ends in the state that is true.",
    )
    parser.add_argument("id_zp", type=id_zp, metavar="ID_ZP")
    add_by(parser, "who asks for it")
    parser.add_argument("--why", default="", help="recorded, and shown to the portal's user")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from starter.interventions import cancel
    from starter.output import tell
    from workflows.contract import CancelRequest

    await cancel(args.id_zp, CancelRequest(by=args.by, why=args.why))
    tell(f"report {args.id_zp}: asked to stop; see: insyz status {args.id_zp}")
    return ExitCode.OK
