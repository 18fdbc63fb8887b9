"""The submission key: the same for the same content, another for any other content."""

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from insyz.report import Report, submission_key
from tests.hostile.strategies import unicode_texts
from tests.support import a_report

VALID = a_report()
values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(-1e9, 1e9), unicode_texts
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(unicode_texts, inner, max_size=3)
    ),
    max_leaves=8,
)
EMPTY: tuple[Any, ...] = ((False, None), (False, ""), [], {})
contents = st.dictionaries(st.sampled_from(["a", "b", "Stavy", "č"]), values, max_size=3)


def key_of(**changes: Any) -> str:
    return submission_key(Report.parse(VALID | changes))


def rewritten(value: Any) -> Any:
    """The same content as another JSON writer puts it: the other order, the other numbers."""
    if isinstance(value, dict):
        turned = {name: rewritten(item) for name, item in reversed(value.items())}
        return turned | {"empty": [], "null": None}
    if isinstance(value, list):
        return [rewritten(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def content(value: Any) -> Any:
    """What is left when the empty fields of objects are gone; 1 and true are not the same."""
    if isinstance(value, dict):
        kept = {name: content(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in EMPTY}
    if isinstance(value, list):
        return [content(item) for item in value]
    return (isinstance(value, bool), value)


@given(contents)
def test_it_does_not_depend_on_how_json_is_written(data: dict[str, Any]) -> None:
    assert key_of(data_b={"x": data}) == key_of(data_b={"x": rewritten(data)})


@given(contents, contents)
def test_other_content_has_another_key(first: dict[str, Any], second: dict[str, Any]) -> None:
    assume(content(first) != content(second))
    assert key_of(data_b=first) != key_of(data_b=second)


@given(contents, st.data())
def test_one_changed_value_changes_it(data: dict[str, Any], chosen: st.DataObject) -> None:
    name = chosen.draw(st.sampled_from(["a", "b", "new"]))
    value = chosen.draw(values)
    assume(content({name: value}) != content({name: data.get(name)}))
    assert key_of(data_b=data) != key_of(data_b=data | {name: value})


@given(st.integers(0, 1_000), st.integers(0, 1_000))
def test_each_deliberate_repetition_has_its_own(first: int, second: int) -> None:
    assert (key_of(resend=first) == key_of(resend=second)) == (first == second)


@given(unicode_texts, unicode_texts)
def test_names_and_values_do_not_run_into_each_other(first: str, second: str) -> None:
    assume(first != second and first and second)
    assert key_of(data_b={first: second}) != key_of(data_b={second: first})
