"""What others wrote, made fit for a log, a terminal or a person's eyes.

Reports, INSYZ's answers and errors hold whatever somebody put there. A line break in them would
forge a record, an escape sequence would rule the terminal, and a change of direction would show
something else than what is there. Nothing is dropped: all of these are shown as escapes.
"""

import unicodedata


def legible(text: str) -> str:
    r"""`text` on one line, what is not printable in it as Python writes it: `\n`, `\u202e`."""
    if text.isprintable():
        return text
    return "".join(one if _harmless(one) else _escape(one) for one in text)


def legible_lines(text: str) -> str:
    """The same, but its line breaks stay: for what is ours to break, such as a traceback."""
    return "\n".join(map(legible, text.split("\n")))


def legible_json(text: str) -> str:
    r"""JSON text on one line for the same value, with `\u001b` for what is not printable in it."""
    if text.isprintable():
        return text
    return "".join(one if _harmless(one) else _json_escape(one) for one in text)


def _harmless(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
