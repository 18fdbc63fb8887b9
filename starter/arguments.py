"""Kinds of arguments that several commands share.

Each is the `type` of an argument and raises ArgumentTypeError with words about what it takes.
"""

import math
from argparse import ArgumentTypeError
from collections.abc import Callable

MAX_INT = 2**31 - 1
"""`id_zp` is an `int` in the portal's database."""


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number from `low` to `high`."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if low <= number <= high:
            return number
        raise ArgumentTypeError(f"{_shown(text)} is no whole number from {low} to {high}")

    return read


def amount(text: str) -> float:
    """A finite number above 0, such as seconds."""
    if (number := _finite(text)) > 0:
        return number
    raise ArgumentTypeError(f"{_shown(text)} is no number above 0")


def seconds(text: str) -> float:
    """How long to wait; 0 is not at all."""
    if (number := _finite(text)) >= 0:
        return number
    raise ArgumentTypeError(f"{_shown(text)} is no number of seconds")


def _finite(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return -1
    return number if math.isfinite(number) else -1


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


id_zp = whole(1, MAX_INT)
count = whole(1, MAX_INT)
port = whole(1, 65_535)
