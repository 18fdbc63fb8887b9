"""What a report may be made of: JSON, and no more of it than anybody can mean.

The limits are far above every real report. They keep a small one from becoming a huge document (a
name is written once for each item of its list) and from stopping a process that reads it.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from insyz.errors import Problem
from insyz.place import Place, in_words

MAX_DEPTH = 100
MAX_FIELDS = 100_000
MAX_NAME_CHARS = 255
MAX_NUMBER = 10**4_000
"""JSON readers give up a little above: what they cannot read shall not be written either."""
MAX_PROBLEMS = 1_000
"""Named at a time."""

_PLAIN_TYPES = frozenset({str, bool, type(None)})
_NUMBERS = frozenset({int, float})


def beyond_bounds(value: Any) -> list[Problem]:
    """What makes `value` no JSON of a sane size: the first MAX_PROBLEMS problems."""
    return [] if _is_plain_json(value) else list(islice(_problems(value), MAX_PROBLEMS))


def _is_plain_json(value: Any) -> bool:
    """Whether `value` is within bounds, as it is most often; a fifth of the time of finding out
    where it is not."""
    if type(value) is not dict:
        return False
    fields = 0
    level: list[Any] = [value]
    for _depth in range(MAX_DEPTH):
        deeper: list[Any] = []
        for item in level:
            if type(item) is dict and not _are_names(item):
                return False
            children = item.values() if type(item) is dict else item
            fields += len(children)
            for child in children:
                kind = type(child)
                if kind in _PLAIN_TYPES:
                    continue
                if kind is dict or kind is list:
                    deeper.append(child)
                elif kind not in _NUMBERS or not -MAX_NUMBER < child < MAX_NUMBER:
                    return False
        if not deeper or fields > MAX_FIELDS:
            return fields <= MAX_FIELDS
        level = deeper
    return False


def _are_names(fields: dict[Any, Any]) -> bool:
    try:
        return len("".join(fields)) <= MAX_NAME_CHARS or max(map(len, fields)) <= MAX_NAME_CHARS
    except TypeError:
        return False


def _problems(value: Any) -> Iterator[Problem]:
    """Iterative: depth must not become recursion."""
    if not isinstance(value, dict):
        return
    fields = 0
    level: list[tuple[Place, Any]] = [(None, value)]
    for _depth in range(MAX_DEPTH):
        deeper: list[tuple[Place, Any]] = []
        for place, item in level:
            named = item.items() if isinstance(item, dict) else enumerate(item)
            fields += len(item)
            if fields > MAX_FIELDS:
                yield Problem("", f"more than {MAX_FIELDS:,} fields")
                return
            for name, child in named:
                if wrong := _wrong_name(name, item) or _wrong_value(child):
                    yield Problem(in_words((place, str(name))), wrong)
                if isinstance(child, dict | list):
                    deeper.append(((place, name), child))
        if not deeper:
            return
        level = deeper
    yield Problem(in_words(level[0][0]), f"nested deeper than {MAX_DEPTH} levels")


def _wrong_name(name: Any, holder: dict[Any, Any] | list[Any]) -> str:
    if isinstance(holder, list):
        return ""
    if not isinstance(name, str):
        return f"a name that is no text: {type(name).__name__}"
    return f"a name of more than {MAX_NAME_CHARS} characters" if len(name) > MAX_NAME_CHARS else ""


def _wrong_value(value: Any) -> str:
    if value is None or isinstance(value, str | dict | list):
        return ""
    if not isinstance(value, int | float):
        return f"not a JSON value: {type(value).__name__}"
    if -MAX_NUMBER < value < MAX_NUMBER:
        return ""
    return "not a finite number" if isinstance(value, float) else "a number of too many digits"
