"""`make fuzz`: the properties with new examples, until the time is over or one does not hold."""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
FIRST_EXAMPLES = 100
STATISTICS = "=" * 28 + " Hypothesis Statistics"
PASSED = re.compile(r"(\d+) passing")


@dataclass(frozen=True)
class Round:
    """Some examples of every property; `held` as far as they tell."""

    held: bool
    examples: int
    seconds: float
    said: str


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="(default: %(default)s)")
    total = 0
    for one in rounds(time.monotonic() + parser.parse_args().seconds):
        total += one.examples
        if not one.held:
            sys.stdout.write(f"{one.said}{total:,} examples; the last round found something\n")
            return 1
        sys.stdout.write(f"{total:,} examples, all properties hold\n")
        sys.stdout.flush()
    return 0


def rounds(end: float) -> Iterator[Round]:
    """Each as long as all before it, while there is time for it; at least one."""
    examples = FIRST_EXAMPLES
    while True:
        last = run(examples)
        yield last
        left = end - time.monotonic()
        if not last.held or left < last.seconds:
            return
        examples = int(examples * min(2, left / last.seconds))


def run(examples: int) -> Round:
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-o", "timeout=0", "--no-header"]
    done = subprocess.run(
        [*command, "--hypothesis-show-statistics", "-m", "hypothesis", str(HERE)],
        env=os.environ | {"FUZZ_EXAMPLES": str(examples)},
        capture_output=True,
        text=True,
        check=False,
    )
    said, _, statistics = done.stdout.partition(STATISTICS)
    passed = sum(map(int, PASSED.findall(statistics)))
    return Round(done.returncode == 0, passed, time.monotonic() - started, said + done.stderr)


if __name__ == "__main__":
    sys.exit(main())
