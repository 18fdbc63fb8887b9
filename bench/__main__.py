"""`python -m bench [SECTION…]`: measures, and prints the README's table.

Progress is told on stderr. The exit code is 0 however the figures turn out: they are for reading.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from bench.figures import Figure
from bench.scale import FULL, QUICK, Scale
from bench.table import markdown
from starter.process import run_and_exit

SECTIONS = ("end_to_end", "server", "starter", "cold_start", "xml", "memory", "scale")


def main() -> int:
    args = _parser().parse_args()
    figures = asyncio.run(_measured(args.sections or SECTIONS, QUICK if args.quick else FULL))
    print(markdown(figures))
    if args.json:
        answer = {"figures": [figure.as_json() for figure in figures]}
        args.json.write_text(json.dumps(answer, indent=2) + "\n", "utf-8")
    return 0


async def _measured(sections: Sequence[str], scale: Scale) -> list[Figure]:
    figures: list[Figure] = []
    for name in sections:
        started = time.monotonic()
        _tell(f"{name} …")
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            figures += await import_module(f"bench.sections.{name}").measure(scale, Path(folder))
        _tell(f"{name}: {time.monotonic() - started:.0f} s")
    return figures


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measures; each figure is a ratio within one run."
    )
    add = parser.add_argument
    # argparse checks the choices of an empty list as one of them, so they are checked by `type`.
    add("sections", nargs="*", type=_section, metavar="SECTION", help=", ".join(SECTIONS))
    add("--quick", action="store_true", help="small numbers: to see that the harness works")
    add("--json", type=Path, metavar="FILE", help="write the figures there as well")
    return parser


def _section(name: str) -> str:
    if name not in SECTIONS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SECTIONS)}")
    return name


if __name__ == "__main__":
    run_and_exit(main)
