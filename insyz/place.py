"""Where in a report a value stands.

A chain, because most places are never named: a step more costs nothing but a tuple, and the words
are only put together for a warning or a problem.
"""

from typing import TypeAlias

from insyz.legible import legible

Place: TypeAlias = "tuple[Place, str | int] | None"
"""The place of what holds the value, and its key or index there; None is the report itself."""


MAX_WORDS_CHARS = 300
"""About as long as words get: a report has room for many places, each a long way in."""


def in_words(place: Place) -> str:
    """`data_b.Stavy_Tim.BN098.Koment_TIM`; of a very long way, `…` and its end."""
    steps: list[str] = []
    chars = 0
    while place is not None and chars < MAX_WORDS_CHARS:
        place, step = place
        steps.append(str(step)[:MAX_WORDS_CHARS])
        chars += len(steps[-1])
    if place is not None:
        steps.append("…")
    return legible(".".join(reversed(steps)))
