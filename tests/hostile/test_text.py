"""Texts on their way into Windows-1250."""

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from insyz.legible import legible, legible_json, legible_lines
from insyz.text import element_name, plain_number, to_windows_1250
from tests.hostile.model import fits
from tests.hostile.model import name as model_name
from tests.hostile.strategies import characters, names, numbers

long_texts = st.text(characters, max_size=300)


@given(long_texts)
def test_a_text_is_brought_into_windows_1250_once_and_for_all(text: str) -> None:
    converted = to_windows_1250(text)
    assert fits(converted.text)
    assert to_windows_1250(converted.text).text == converted.text


@given(long_texts)
def test_what_fits_is_never_touched_and_what_does_not_is_counted(text: str) -> None:
    converted = to_windows_1250(text)
    foreign = [one for one in unicodedata.normalize("NFC", text) if not fits(one)]
    assert converted.replaced + converted.left_out == len(foreign)
    assert foreign or converted.text == unicodedata.normalize("NFC", text)


@given(long_texts)
def test_the_characters_that_stay_keep_their_order(text: str) -> None:
    kept = iter(one for one in unicodedata.normalize("NFC", text) if fits(one))
    written = iter(to_windows_1250(text).text)
    assert all(any(one == other for other in written) for one in kept)


@given(names)
def test_any_key_becomes_a_name(key: str) -> None:
    assert element_name(key) == model_name(key)
    assert re.fullmatch("[A-Za-z_][A-Za-z0-9_.-]*", element_name(key))


@given(numbers)
def test_any_number_is_plain_and_keeps_its_value(number: int | float) -> None:
    text = plain_number(number)
    assert re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?", text)
    assert type(number)(text if "." in text or isinstance(number, float) else int(text)) == number


@given(long_texts)
def test_any_text_can_be_shown(text: str) -> None:
    for shown in (legible(text), legible_json(text), *legible_lines(text).split("\n")):
        assert all(one.isprintable() or unicodedata.category(one) == "Zs" for one in shown)
        shown.encode()
