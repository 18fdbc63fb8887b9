"""The report: what is accepted, what is refused and how it is named, and the submission key."""

import json
import time
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from insyz.document import build_xml
from insyz.errors import InvalidReportError
from insyz.report import MAX_REPORT_BYTES, Report, parse_json, submission_key
from tests.support import a_report, vectors


def refusal(value: Any) -> str:
    with pytest.raises(InvalidReportError) as refused:
        Report.parse(value)
    return str(refused.value)


def key(report: dict[str, Any]) -> str:
    return submission_key(Report.parse(report))


def test_every_worked_case_is_a_valid_report() -> None:
    for case in vectors():
        assert Report.parse(case["report"]).id_zp == case["report"]["id_zp"]


def test_all_wrong_fields_are_named_at_once() -> None:
    named = refusal(a_report(id_zp="x", cislo_zp="", data_a=None, znackari=[{"Znackar": "J. N."}]))
    for field in ("id_zp:", "cislo_zp:", "data_a:", "znackari.0.INT_ADR:"):
        assert field in named


@pytest.mark.parametrize("value", [None, [], "report", 7, True])
def test_anything_but_an_object_is_refused(value: Any) -> None:
    assert "object" in refusal(value)


def test_an_empty_object_names_the_required_fields() -> None:
    named = refusal({})
    for field in ("id_zp", "cislo_zp", "data_a", "data_b"):
        assert f"{field}: Field required" in named


@pytest.mark.parametrize("id_zp", [0, -1, True, 1.5, "53773", 2**31])
def test_an_id_zp_that_the_portal_cannot_have_is_refused(id_zp: Any) -> None:
    assert refusal(a_report(id_zp=id_zp)).startswith("id_zp:")


@pytest.mark.parametrize("cislo_zp", ["", "   ", "x" * 256, 5])
def test_a_number_of_the_order_that_is_no_text_of_1_to_255_characters_is_refused(
    cislo_zp: Any,
) -> None:
    assert refusal(a_report(cislo_zp=cislo_zp)).startswith("cislo_zp:")


def test_somebody_must_be_responsible() -> None:
    report = a_report()
    del report["int_adr"], report["submitted_by"]
    assert "int_adr or submitted_by" in refusal(report)


def test_the_owner_submits_unless_somebody_else_did() -> None:
    assert Report.parse(a_report(submitted_by=None)).submitter == 1955
    assert Report.parse(a_report()).submitter == 4133
    assert Report.parse(a_report()).owner == 1955


def test_unknown_fields_are_kept() -> None:
    report = Report.parse(a_report(novinka=1, data_b={"Nove_Pole": {"a": [1]}}))
    assert report.data_b == {"Nove_Pole": {"a": [1]}}
    assert report.model_extra == {"novinka": 1}


def test_the_order_of_fields_is_kept() -> None:
    fields = {"Zcela_Novy": 1, "Obnovene_Useky": {}, "Koment_Usek": "k", "Stavy_Tim": {}}
    assert list(Report.parse(a_report(data_b=fields)).data_b) == list(fields)


def test_what_php_writes_for_an_empty_array_is_an_empty_object() -> None:
    empty: dict[str, Any] = {"Stavy_Tim": [], "Obnovene_Useky": []}
    report = Report.parse(a_report(data_a=[], data_b=empty, calculation=[]))
    assert report.data_a == {}
    assert report.calculation == {}


def test_what_php_writes_for_an_empty_array_is_an_empty_object_inside_too() -> None:
    tims = {"BN1": [], "BN2": {"Predmety": {"7": []}}}
    report = Report.parse(
        a_report(data_b={"Stavy_Tim": tims, "Obnovene_Useky": {"5": []}}, calculation={"1955": []})
    )
    xml = build_xml(report, submitted_at=datetime.now(UTC)).xml
    for element in (
        '<TIM id="BN1"/>',
        '<TIM id="BN2"><Predmety><Predmet id="7"/></Predmety></TIM>',
        '<Usek id="5"/>',
        '<Znackar id="1955"/>',
    ):
        assert element in xml


def test_null_is_an_empty_list_because_temporals_http_api_makes_it_so() -> None:
    report = Report.parse(a_report(znackari=None, calculation=None, attachments=None))
    assert (report.znackari, report.calculation, report.attachments) == ([], {}, [])


def test_attachments_that_cannot_be_resolved_are_all_named() -> None:
    named = refusal(
        a_report(
            data_b={"Prilohy_Usek": [7, 8], "Stavy_Tim": {"BN1": {"Prilohy_NP": ["9", None]}}},
            attachments=[{"id": 7, "url": "https://portal.example/7"}],
        )
    )
    assert "data_b.Prilohy_Usek: attachments that cannot be resolved: 8" in named
    assert "data_b.Stavy_Tim.BN1.Prilohy_NP: attachments that cannot be resolved: 9, None" in named


def test_an_attachment_object_without_an_address_is_refused_by_name() -> None:
    named = refusal(a_report(data_b={"Prilohy_Mapa": [{"id": 5, "fileName": "mapa.pdf"}]}))
    assert named.startswith("data_b.Prilohy_Mapa:")
    assert "url" in named


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_have_are_refused(number: float) -> None:
    assert "data_b.Kc: not a finite number" in refusal(a_report(data_b={"Kc": number}))


def test_a_report_nested_too_deep_is_refused() -> None:
    deep: Any = "x"
    for _ in range(5_000):
        deep = {"a": deep}
    assert "nested deeper than 100 levels" in refusal(a_report() | {"data_b": deep})


def test_a_report_of_a_hundred_thousand_fields_is_refused_within_a_second() -> None:
    report = a_report(data_b={f"pole_{number}": number for number in range(100_001)})
    started = time.perf_counter()
    assert "more than 100,000 fields" in refusal(report)
    assert time.perf_counter() - started < 1


def test_broken_json_is_named_with_line_and_column() -> None:
    with pytest.raises(InvalidReportError, match="line 2 column 3"):
        parse_json(b'{"id_zp": 1,\n  oops}')


def test_json_over_the_limit_is_refused_with_the_limit() -> None:
    with pytest.raises(InvalidReportError, match="1,900,000"):
        parse_json(b" " * (MAX_REPORT_BYTES + 1))


def test_the_same_content_has_the_same_key_whoever_writes_the_json() -> None:
    report = a_report(data_b={"Km": 170, "Kc": 0.5, "Koment": "x"})
    again = json.loads(json.dumps(report, sort_keys=True))
    again["data_b"]["Km"] = 170.0
    again["data_b"] |= {"Prazdne": [], "Nic": None, "Text": ""}
    assert key(report) == key(again)


def test_the_key_does_not_depend_on_who_pressed_the_button() -> None:
    report = a_report()
    assert key(report) == key(report | {"submitted_by": 77, "report_id": 9})


def test_a_fresh_token_in_the_address_of_an_attachment_does_not_change_the_key() -> None:
    attachment = {"id": 7, "url": "https://portal.example/7?token=a"}
    report = a_report(data_b={"Prilohy_Usek": [7], "Prilohy_Mapa": [attachment]})
    fresh = deepcopy(report)
    report["attachments"] = [attachment]
    fresh["attachments"] = [attachment | {"url": "https://portal.example/7?token=b"}]
    fresh["data_b"]["Prilohy_Mapa"][0]["url"] = "https://portal.example/7?token=c"
    assert key(report) == key(fresh)


@pytest.mark.parametrize(
    "edit",
    [
        {"data_b": {"Koment_Usek": "Jinak."}},
        {"data_b": {"Koment_Usek": "Vyměněna směrovka.", "Souhlasi_Mapa": False}},
        {"calculation": {"1955": {"INT_ADR": 1955, "Celkem_Kc": 171}}},
        {"int_adr": 1956},
        {"resend": 1},
    ],
)
def test_an_edited_or_deliberately_repeated_report_has_another_key(edit: dict[str, Any]) -> None:
    report = a_report()
    assert key(report) != key(report | edit)


def test_the_key_is_known_in_advance_and_must_not_change_with_a_release() -> None:
    """A run that an older release left behind has to be found by its key."""
    report = a_report(id_zp=53773, cislo_zp="S/BN/O/26012")
    assert key(report) == "zp-53773-e62e212e2a99c9411736336c380f0a8e"
