"""insyz setup: prepare the Temporal namespace."""

import argparse

from starter.exit_codes import ExitCode


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "setup", help="register the search attributes with Temporal (idempotent)"
    )
    parser.set_defaults(run=run)


async def run(_args: argparse.Namespace) -> ExitCode:
    from starter.connection import connect
    from starter.output import tell
    from starter.setup import register_search_attributes

    registered = await register_search_attributes(await connect())
    tell(
        f"registered: {', '.join(registered)}" if registered else "all search attributes are there"
    )
    return ExitCode.OK
