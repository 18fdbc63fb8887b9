"""Bringing texts, numbers and names into what INSYZ stores."""

import sys
import time
import unicodedata

import pytest
from lxml import etree

from insyz.text import Converted, element_name, plain_number, to_windows_1250

IN_WINDOWS_1250 = "".join(
    character
    for character in bytes(range(256)).decode("cp1250", errors="ignore")
    if character >= " " or character in "\t\n\r"
)
EVERY_CHARACTER = [chr(code) for code in range(sys.maxunicode + 1)]


def fits(text: str) -> bool:
    """Whether INSYZ and an XML parser take the text."""
    text.encode("cp1250")
    etree.Element("e").text = text
    return True


def test_characters_of_windows_1250_stay_as_they_are() -> None:
    assert to_windows_1250(IN_WINDOWS_1250) == Converted(IN_WINDOWS_1250)


@pytest.mark.parametrize(
    "text",
    [
        "Příliš žluťoučký kůň úpěl ďábelské ódy",
        "Ľubomír Šťastný, vŕba, mäkčeň, kôň, ĺ",
        "„uvozovky“ – — • … € § ‰ ™ × ÷ ± ° µ",
        "víceřádkový\ntext\r\ns\ttabulátorem",
        "pevná\N{NO-BREAK SPACE}mezera a roz\N{SOFT HYPHEN}dělovník",
        "  mezery na okrajích  ",
        "",
    ],
)
def test_texts_that_insyz_can_store_are_not_touched(text: str) -> None:
    assert to_windows_1250(text) == Converted(text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("vlevo ← → vpravo, ↑ ↓ ⇒ \N{LEFT RIGHT ARROW}", "vlevo <- -> vpravo, /\\ \\/ -> <->"),
        ("≤ 5, ≥ 6, ≠ 7, ≈ 8, −9", "<= 5, >= 6, != 7, ~ 8, -9"),
        ("señor à è ê å ø Ø æ Æ œ ð þ ħ đ ł ß", "senor a e e a o O ae AE oe d th h đ ł ß"),
        ("● ○ ■ □ ▪ ★ ✓ ☐", "• • • • • * OK [ ]"),
        ("½ l, ¼ l, ¾ l, ⅓ l", "1/2 l, 1/4 l, 3/4 l, 1/3 l"),
        ("5 m², 2 m³, H₂O, km⁻¹", "5 m2, 2 m3, H2O, km-1"),
        ("a\N{THIN SPACE}b\N{NARROW NO-BREAK SPACE}c\N{IDEOGRAPHIC SPACE}d", "a b c d"),
        ("‐ ‑ ‒ ―", "- - - -"),
        ("49° 12′ 33″", "49° 12' 33\""),
        ("ﬁnále, ＫＣＴ　２１, ㎞, №, ℃, Ⅳ, ①", "finále, KCT 21, km, No, °C, IV, 1"),
        ("a\N{LINE SEPARATOR}b\N{PARAGRAPH SEPARATOR}c\N{NEXT LINE}d", "a\nb\nc\nd"),
        ("Щедрий вечір, Київ", "Ščedrij večir, Kijiv"),
        ("α, Ω, π, 5 μm", "a, O, p, 5 µm"),
        ("¿qué? ¡no! £5", "?qué? !no! GBP5"),
        ("\uf0b7 odrážka z textového editoru", "• odrážka z textového editoru"),
    ],
)
def test_what_has_a_plain_equivalent_gets_it(text: str, plain: str) -> None:
    converted = to_windows_1250(text)
    assert converted.text == plain
    assert converted.replaced > 0
    assert converted.left_out == 0


@pytest.mark.parametrize(
    ("text", "left", "left_out"),
    [
        ("ok \U0001f600", "ok ", 1),
        ("srdce \u2764\ufe0f", "srdce ", 2),
        ("nul \x00 bel \x07 vt \x0b esc \x1b", "nul  bel  vt  esc ", 4),
        ("C1 \x81\x96\x9f", "C1 ", 3),
        ("\ufeffBOM", "BOM", 1),
        ("spo\u200bje\u200dno\u2060", "spojeno", 3),
        ("\u202eobráceně\u202c", "obráceně", 2),
        ("půl \ud83d", "půl ", 1),
        ("\ufffc\ufffe\U0001ffff", "", 3),
        ("漢字", "", 2),
    ],
)
def test_what_has_no_equivalent_is_left_out(text: str, left: str, left_out: int) -> None:
    assert to_windows_1250(text) == Converted(left, 0, left_out)


def test_a_composed_letter_is_no_change() -> None:
    decomposed = unicodedata.normalize("NFD", "Žluťoučký kůň")
    assert to_windows_1250(decomposed) == Converted("Žluťoučký kůň")


def test_a_mark_that_composes_with_nothing_is_left_out_and_its_letter_stays() -> None:
    assert to_windows_1250("x\N{COMBINING CARON}y") == Converted("xy", 0, 1)


def test_a_decomposed_letter_that_windows_1250_lacks_counts_as_one() -> None:
    assert to_windows_1250("sen\N{COMBINING TILDE}or") == Converted("senor", 1, 0)


@pytest.mark.parametrize(
    ("text", "plain"),
    [("1½ km", "1 1/2 km"), ("10² m", "10^2 m"), ("10⁻³", "10^-3"), ("krok 1②", "krok 1 2")],
)
def test_an_equivalent_does_not_run_into_the_number_before_it(text: str, plain: str) -> None:
    assert to_windows_1250(text).text == plain


def test_digits_of_another_width_or_script_stay_one_number() -> None:
    assert to_windows_1250("１２３ ٣٤").text == "123 34"


@pytest.mark.parametrize("sign", ["≮", "≰", "∉", "≢"])
def test_a_negated_sign_never_becomes_its_opposite(sign: str) -> None:
    assert to_windows_1250(sign) == Converted("", 0, 1)


def test_every_character_becomes_something_that_insyz_takes() -> None:
    for start in range(0, len(EVERY_CHARACTER), 0x1000):
        text = "\n".join(EVERY_CHARACTER[start : start + 0x1000])
        converted = to_windows_1250(text)
        assert fits(converted.text)
        assert to_windows_1250(converted.text) == Converted(converted.text)
        foreign = [one for one in unicodedata.normalize("NFC", text) if one not in IN_WINDOWS_1250]
        assert converted.replaced + converted.left_out == len(foreign)


def test_a_replaced_character_never_disappears() -> None:
    for character in EVERY_CHARACTER:
        if (converted := to_windows_1250(character)).replaced:
            assert converted.text, f"U+{ord(character):04X}"


@pytest.mark.parametrize(
    ("converted", "changes"),
    [
        (Converted("a"), ""),
        (Converted("a", 1), "1 character replaced"),
        (Converted("a", 2), "2 characters replaced"),
        (Converted("a", 0, 1), "1 character left out"),
        (Converted("a", 0, 3), "3 characters left out"),
        (Converted("a", 2, 1), "2 characters replaced, 1 left out"),
        (Converted("a", 1, 2), "1 character replaced, 2 left out"),
    ],
)
def test_changes_are_told_in_words(converted: Converted, changes: str) -> None:
    assert converted.changes == changes


@pytest.mark.parametrize(
    "unit",
    [
        "směrovka → vlevo ",
        "e\N{COMBINING ACUTE ACCENT}\N{COMBINING GRAVE ACCENT BELOW}",
        "\N{COMBINING ACUTE ACCENT}\N{COMBINING GRAVE ACCENT BELOW}",
        "½",
        "\U0001f600",
    ],
)
def test_time_grows_with_the_text_only(unit: str) -> None:
    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        tries = []
        for _ in range(5):
            start = time.process_time()
            to_windows_1250(text)
            tries.append(time.process_time() - start)
        return min(tries)

    assert seconds(160_000) < 8 * seconds(40_000)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (170, "170"),
        (170.0, "170"),
        (170.5, "170.5"),
        (0.1, "0.1"),
        (1234.56, "1234.56"),
        (-0.0, "0"),
        (-12.50, "-12.5"),
        (100.0, "100"),
        (1e22, "1" + "0" * 22),
        (1.5e16, "15000000000000000"),
        (1e-7, "0.0000001"),
        (-2.5e-10, "-0.00000000025"),
        (2**70, "1180591620717411303424"),
    ],
)
def test_numbers_take_their_shortest_plain_form(number: float, text: str) -> None:
    assert plain_number(number) == text
    assert float(text) == number


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("Koment_TIM", "Koment_TIM"),
        ("a.b-c", "a.b-c"),
        ("Pole č. 1", "Pole__._1"),
        ("x:y", "x_y"),
        ("<a>&", "_a__"),
        ("1995", "_1995"),
        (".a", "_.a"),
        ("-", "_-"),
        ("", "Element"),
        ("__", "Element"),
        ("čř", "Element"),
        ("\ud800\U0001f600", "Element"),
    ],
)
def test_every_key_gives_a_name_that_xml_allows(key: str, name: str) -> None:
    assert element_name(key) == name
    assert etree.Element(element_name(key)).tag == name
