"""The document of any report that is accepted, read by another parser than its writer's."""

import json
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import event, given, reject
from hypothesis import strategies as st

from insyz.document import Document, build_xml
from insyz.errors import InvalidReportError
from insyz.place import in_words
from insyz.report import Report
from tests.hostile.model import ATTACHMENTS, Model, Node, fits, name
from tests.hostile.model import text as model_text
from tests.hostile.strategies import json_values, reports, texts
from tests.support import a_report, vectors

VECTORS = vectors()
SPECIAL = {*ATTACHMENTS, "Cast_B_Dokoncena"}
NOW = datetime(2026, 7, 5, 10, tzinfo=UTC)


def parsed(xml: str) -> Node:
    """As expat reads it."""
    return _node(ElementTree.fromstring(xml.encode()))  # noqa: S314 (ours)


def _node(element: ElementTree.Element) -> Node:
    assert not (element.tail or "").strip()
    children = [*map(_node, element)]
    text = element.text or ""
    assert not children or not text.strip()
    return Node(element.tag, dict(element.attrib), "" if children else text, children)


def document_of(report: dict[str, Any]) -> Document:
    try:
        return build_xml(Report.parse(report), submitted_at=NOW)
    except InvalidReportError as refused:
        event(f"refused: {str(refused).partition(':')[2][:40]}")
        reject()


@given(reports)
def test_another_parser_reads_what_the_rules_ask_for(report: dict[str, Any]) -> None:
    document = document_of(report)
    assert parsed(document.xml) == Model(report).document(NOW)


@pytest.mark.parametrize("case", VECTORS, ids=[case["name"] for case in VECTORS])
def test_the_rules_as_tests_state_them_agree_with_the_worked_cases(case: dict[str, Any]) -> None:
    moment = datetime.fromisoformat(case["submission"]["Datum_Odeslani"])
    submitted_at = moment.replace(tzinfo=ZoneInfo("Europe/Prague"))
    assert Model(case["report"]).document(submitted_at) == parsed(case["xml"])


@given(reports)
def test_nothing_is_written_that_windows_1250_or_xml_lacks(report: dict[str, Any]) -> None:
    xml = document_of(report).xml
    xml.encode("cp1250")
    # Of control characters, these are in Windows-1250; a carriage return as a reference.
    assert all(one >= " " or one in "\t\n" for one in xml)
    assert not any("\x80" <= one <= "\x9f" for one in xml)
    assert "&#" not in xml.replace("&#13;", "").replace("&#10;", "").replace("&#9;", "")
    assert "<!" not in xml
    assert "<?" not in xml


@given(st.dictionaries(texts, texts, max_size=4))
def test_a_change_is_never_silent(fields: dict[str, str]) -> None:
    """A name or a text that is not written as it was has a warning with its place."""
    document = document_of(a_report(data_b=fields))
    written = {key: text for key, text in fields.items() if text and key not in SPECIAL}
    changed = {key for key, text in written.items() if not fits(text)}
    renamed = {key for key, text in written.items() if name(key) != key and model_text(text)}
    places = {warning.partition(":")[0] for warning in document.warnings}
    assert {in_words(((None, "data_b"), key)).partition(":")[0] for key in changed | renamed} <= (
        places
    )
    assert bool(document.warnings) == bool(changed | renamed) or any(
        name(key) != key for key in written
    )


@given(st.dictionaries(st.text(max_size=9), json_values, max_size=4))
def test_json_of_any_shape_in_part_b_is_written(fields: dict[str, Any]) -> None:
    document = document_of(a_report(data_b=fields))
    expected = Model(a_report(data_b=fields)).document(NOW).children[4:]
    assert parsed(document.xml).children[4:] == expected


def test_the_deepest_report_has_a_document_that_parsers_take() -> None:
    value: Any = "x"
    for _ in range(98):
        value = {"k": value}
    assert "<k>x</k>" in document_of(a_report(data_b={"a": value})).xml
    parsed(document_of(a_report(data_b={"a": value, "k" * 255: json.dumps("]]>")})).xml)
