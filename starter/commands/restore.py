"""insyz restore: put a backup in the place of the embedded server's state."""

import argparse
from pathlib import Path

from starter.exit_codes import ExitCode


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "restore",
        help="put a backup in the place of the state of `insyz server`",
        description="Refused while the server runs; the state before is kept beside it. What came "
        "after the backup is unknown afterwards: at a `blind` gateway compare with INSYZ before a "
        "worker starts, at the others the look-up does so by itself.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="made by `insyz backup`")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> ExitCode:
    from starter.backups import restore
    from starter.output import tell
    from starter.state_file import state_file

    db_file = state_file()
    aside = restore(args.file, db_file)
    kept = f"; the state before is in {aside}" if aside else ""
    tell(f"{db_file}: restored from {args.file}{kept}")
    return ExitCode.OK
