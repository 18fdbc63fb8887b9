"""insyz retry: make a waiting submission try at once."""

import argparse

from starter.arguments import id_zp
from starter.exit_codes import ExitCode


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "retry",
        help="make a waiting submission try at once",
        description="For a report in phase `waiting`, and for one in `needs_decision` whose "
        "gateway can be asked once more. Asked during a try, it counts right after that one.",
    )
    parser.add_argument("id_zp", type=id_zp, metavar="ID_ZP")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from starter.interventions import retry
    from starter.output import tell

    await retry(args.id_zp)
    tell(f"report {args.id_zp}: asked to try at once; see: insyz status {args.id_zp}")
    return ExitCode.OK
