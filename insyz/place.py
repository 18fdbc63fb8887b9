"""Where in a report a value stands.

A chain, because most places are never named: a step more costs nothing but a tuple, and the words
are only put together for a warning or a problem.
"""

from typing import TypeAlias

Place: TypeAlias = "tuple[Place, str | int] | None"
"""The place of what holds the value, and its key or index there; None is the report itself."""


def in_words(place: Place) -> str:
    """`data_b.Stavy_Tim.BN098.Koment_TIM`."""
    steps = []
    while place is not None:
        place, step = place
        steps.append(str(step))
    words = ".".join(reversed(steps))
    return words if words.isprintable() else repr(words)[1:-1]
