"""insyz backup: a copy of the embedded server's state."""

import argparse
from pathlib import Path

from starter.exit_codes import ExitCode


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "backup",
        help="copy the state of `insyz server`, also while it runs",
        description="The copy is consistent, checked, and appears whole or not at all. It holds "
        "the reports themselves: keep it as safe as the portal's database.",
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--force", action="store_true", help="overwrite FILE")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from starter.backups import back_up
    from starter.output import tell
    from starter.state_file import state_file

    db_file = state_file()
    back_up(db_file, args.file, overwrite=args.force)
    tell(f"{db_file}: backed up to {args.file}")
    return ExitCode.OK
