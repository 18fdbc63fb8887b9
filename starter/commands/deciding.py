"""Who decides: what commands that change a report's fate want to know."""

import argparse
import os

VARIABLE = "INSYZ_OPERATOR"
HELP = f"recorded (default: {VARIABLE})"


def add_by(parser: argparse.ArgumentParser, who: str, *, required: bool = True) -> None:
    """The argument `--by`. The system's user is no answer: on a server that is whoever runs it."""
    operator = os.environ.get(VARIABLE) or None
    parser.add_argument(
        "--by", default=operator, required=required and operator is None, help=f"{who}; {HELP}"
    )
