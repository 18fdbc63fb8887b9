"""How texts, numbers and names are spelt for INSYZ (domain.md, "XML for INSYZ").

INSYZ stores in Windows-1250: one character without a place there and it rejects the whole
document. So characters of Windows-1250 stay as they are, others become their plain equivalent,
and those that have none are left out.
"""

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple


def plain_number(number: int | float) -> str:
    """The shortest decimal form, never an exponent: 170 for 170.0, 0.0000001 for 1e-7."""
    if isinstance(number, int):
        return str(number)
    text = repr(number)
    if "e" in text:
        text = f"{Decimal(text):f}"
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


@lru_cache(maxsize=1024)
def element_name(key: str) -> str:
    """The key of a field as a name that an XML element may have."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", key)
    if name.startswith(tuple("0123456789.-")):
        name = f"_{name}"
    return name if name.strip("_") else "Element"


class Converted(NamedTuple):
    """A text brought into Windows-1250, and how many characters that changed."""

    text: str
    replaced: int = 0
    left_out: int = 0

    @property
    def changes(self) -> str:
        """In words: `2 characters replaced, 1 left out`; empty when the text stayed as it was."""
        done = [(self.replaced, "replaced"), (self.left_out, "left out")]
        counted = [(count, what) for count, what in done if count]
        words = [
            f"{count} {what}" if index else f"{count} character{'s' * (count > 1)} {what}"
            for index, (count, what) in enumerate(counted)
        ]
        return ", ".join(words)


def fits_windows_1250(text: str) -> bool:
    """Whether nothing of it has to change. Nothing in Windows-1250 composes: it is NFC already."""
    return not _FOREIGN.search(text)


def to_windows_1250(text: str) -> Converted:
    """`text` with nothing in it but characters that Windows-1250 has and XML allows.

    Windows-1250 has the tab, the newline, the carriage return, the no-break space and the soft
    hyphen too: they stay. Composing a letter with its mark (NFC) loses nothing and isn't counted.
    """
    if fits_windows_1250(text):
        return Converted(text)
    replaced = left_out = 0

    def plain(foreign: re.Match[str]) -> str:
        nonlocal replaced, left_out
        equivalent = _equivalent(foreign[0])
        if equivalent is None:
            left_out += 1
            return ""
        replaced += 1
        return _apart(foreign) + equivalent

    return Converted(_FOREIGN.sub(plain, _composed(text)), replaced, left_out)


def _composed(text: str) -> str:
    """`text` in NFC, done in pieces: unicodedata puts n marks in order in n² steps.

    A piece ends before an ASCII character, which doesn't compose with anything before it.
    """
    return "".join(unicodedata.normalize("NFC", piece) for piece in _PIECE.findall(text))


def _apart(foreign: re.Match[str]) -> str:
    """What keeps the equivalent apart from a digit before it: 1½ is not 11/2, 10² not 102."""
    start = foreign.start()
    if not start or not foreign.string[start - 1].isdecimal():
        return ""
    tag = unicodedata.decomposition(foreign[0]).partition(" ")[0]
    return {"<fraction>": " ", "<circle>": " ", "<super>": "^"}.get(tag, "")


@lru_cache(maxsize=4096)
def _equivalent(character: str) -> str | None:
    """What a character outside Windows-1250 is written as; None when nothing comes close."""
    return (
        _PLAIN.get(character)
        or _PLAIN_CATEGORIES.get(unicodedata.category(character))
        or _simpler(character)
        or _number(character)
    )


def _simpler(character: str) -> str | None:
    """What Unicode says the character is made of: `ﬁ` of f and i, `ñ` of n and a mark."""
    parts = unicodedata.normalize("NFKC", character)
    if parts == character:
        parts = unicodedata.normalize("NFD", character)
    if parts == character:
        parts = _without_stroke(character)
    if _NEGATION in parts:
        return None
    letters = [part for part in parts if not unicodedata.category(part).startswith("M")]
    plain = [part if part in _WINDOWS_1250 else _equivalent(part) for part in letters]
    known = "".join(part for part in plain if part is not None)
    return None if None in plain or known.isspace() else known


def _without_stroke(character: str) -> str:
    """The Latin letter under a stroke, hook or tail (Unicode doesn't decompose these), or ""."""
    letter, _with, stroke = unicodedata.name(character, "").partition(" WITH ")
    if not stroke or not letter.startswith("LATIN "):
        return ""
    try:
        return unicodedata.lookup(letter)
    except KeyError:
        return ""


def _number(character: str) -> str | None:
    """The digits that stand for a digit of another script or in a circle."""
    if unicodedata.category(character) not in ("Nd", "No"):
        return None
    number = unicodedata.numeric(character, 0.5)
    return str(int(number)) if number.is_integer() and number >= 0 else None


_WINDOWS_1250 = frozenset(
    character
    for character in bytes(range(256)).decode("cp1250", errors="ignore")
    if character >= " " or character in "\t\n\r"
)
"""All that may be written: the control characters that XML forbids are not among it."""

_FOREIGN = re.compile(f"[^{re.escape(''.join(sorted(_WINDOWS_1250)))}]")
_PIECE = re.compile(r"[\x00-\x7f]*[^\x00-\x7f]{0,255}")

_NEGATION = "\N{COMBINING LONG SOLIDUS OVERLAY}"
"""Not a mark to strip: what is "not less than" must not turn into "less than"."""

_PLAIN_CATEGORIES = {"Zs": " ", "Zl": "\n", "Zp": "\n", "Pd": "-"}

# Characters that some fonts show as an emoji, and those that word processors take from the private
# area for their own bullets, are escaped.
_PLAIN = {
    character: plain
    for plain, characters in {
        "->": "→⇒⇨⟶⟹↦⇢↪↳➔➙➛➜➝➞➟➠➤\u27a1\uf0e0",
        "<-": "←⇐⇦⟵⟸↤⇠↩↲\u2b05\uf0df",
        "<->": "⇔⟷⟺⇄⇆\u2194",
        "/\\": "↑⇑⇧▲△\u2b06",
        "\\/": "↓⇓⇩▼▽\u2b07",
        "/\\ \\/": "⇕\u2195",
        "<\\": "\u2196",
        "/>": "\u2197",
        "\\>": "\u2198",
        "</": "\u2199",
        ">": "►▷\u25b6",
        "<": "◄◁\u25c0",
        "<=": "≤⩽≦",
        ">=": "≥⩾≧",
        "!=": "≠",
        "==": "≡",
        "~": "≈∼≃≅˜∽",
        "-": "−⁃¯‾─━",
        "_": "‗",
        "-/+": "∓",
        "*": "∗⁎✱★☆\u2733",
        "/": "⁄∕",
        "\\": "∖",
        "|": "∣│┃",
        "·": "∙⋅‧",
        "×": "✕✗✘⨯\u2716",
        "°": "˚",
        "O": "⌀∅",
        "•": "●○◦◉◎⬤‣■□◆◇❖➢\u25aa\u25ab\u25fb\u25fc\u25fd\u25fe\uf0b7\uf0a7\uf0d8",
        "[ ]": "☐",
        "[x]": "☒\u2611",
        "OK": "✓\u2714\uf0fc",
        "'": "′‵ʹˈ",
        '"': "″‶ʺ",
        "‘": "ʻ",
        "’": "ʼ‛",
        "“": "‟❝",
        "”": "❞",
        "…": "⋯",
        "!": "¡",
        "?": "¿\N{REPLACEMENT CHARACTER}",
        "c": "¢",
        "GBP": "£",
        "JPY": "¥",
        "tel.": "☎✆",
        "\n": "\N{NEXT LINE}",
        "ae": "æ",
        "AE": "Æ",
        "oe": "œ",
        "OE": "Œ",
        "d": "ð",
        "D": "Ð",
        "th": "þ",
        "Th": "Þ",
        "ng": "ŋ",
        "Ng": "Ŋ",
        "i": "ı",
        "SS": "ẞ",
        "e": "ə",
        "E": "Ə",
        "µ": "μ",
    }.items()
    for character in characters
}

_ALPHABETS = (
    ("αβγδεζηθικλνξοπρσςτυφχψω", "a b g d e z i th i k l n x o p r s s t y f ch ps o"),
    ("абвгґдеєёжзиіїйклмнопр", "a b v g g d e je jo ž z i i ji j k l m n o p r"),
    ("стуўфхцчшщыэюяъь", "s t u u f ch c č š šč y e ju ja ' '"),
)
"""Greek and Cyrillic with what Czech writes for them."""

for _letters, _plain in _ALPHABETS:
    for _letter, _latin in zip(_letters, _plain.split(), strict=True):
        _PLAIN |= {_letter: _latin, _letter.upper(): _latin.capitalize()}
