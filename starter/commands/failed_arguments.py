"""Arguments that `insyz failed` and its commands share."""

import argparse
from typing import Any

from starter.periods import since


def add_filters(parser: argparse.ArgumentParser, **options: Any) -> None:
    """The arguments `--type` and `--since`."""
    parser.add_argument(
        "--type", metavar="TYPE", help="only errors of this type: AuthenticationError, …", **options
    )
    parser.add_argument(
        "--since",
        type=since,
        metavar="PERIOD",
        help="only what failed since: 24h, 7d, 2026-11-01",
        **options,
    )


def add_reports(parser: argparse.ArgumentParser, *, nargs: str) -> None:
    """The argument `reports`: workflow ids."""
    parser.add_argument(
        "reports",
        nargs=nargs,
        type=_workflow_id,
        metavar="ID_ZP",
        help="the work order; of a run that was started under another id, its workflow id",
    )


def _workflow_id(name: str) -> str:
    from workflows.contract import workflow_id

    return workflow_id(int(name)) if name.isdecimal() else name
