"""`python -m starter`, and the console script `insyz`."""

from starter.cli import main
from starter.process import run_and_exit


def entry_point() -> None:
    """What the console script calls."""
    run_and_exit(main)


if __name__ == "__main__":
    entry_point()
