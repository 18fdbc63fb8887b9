"""The document for INSYZ: the worked cases, then each sentence that they leave open."""

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from insyz.document import MAX_ATTACHMENTS, Document, build_xml
from insyz.errors import InvalidReportError, Problem
from insyz.report import Report
from tests.support import a_report, vectors

VECTORS = vectors()
NOON = datetime(2026, 7, 5, 10, 0, tzinfo=UTC)
Json = dict[str, Any]


def build(**changes: Any) -> Document:
    return build_xml(Report.parse(a_report(**changes)), submitted_at=NOON)


def tree(document: Document) -> etree._Element:
    return etree.fromstring(document.xml)


def part_b(**fields: Any) -> str:
    """What `data_b` with these fields adds to the document."""
    return build(data_b=fields).xml.partition("</Vyuctovani>")[2].removesuffix("</ZP>")


def settled(data_a: Json, calculation: Json, **changes: Any) -> Document:
    return build(data_a=data_a, calculation=calculation, data_b={}, **changes)


def settlement(data_a: Json, calculation: Json, **changes: Any) -> str:
    """What is in `Vyuctovani`."""
    xml = settled(data_a, calculation, **changes).xml
    return xml.partition("<Vyuctovani>")[2].partition("</Vyuctovani>")[0]


def attachment(id_: int, **changes: Any) -> Json:
    file = {"fileType": "image/png", "fileSize": 9, "url": f"https://portal.example/{id_}"}
    return {"id": id_, "fileName": f"{id_}.png", **file, **changes}


def priloha(id_: int) -> str:
    url = f"https://portal.example/{id_}"
    return f'<Priloha id="{id_}" type="image/png" size="9">{url}</Priloha>'


def canonical(xml: str) -> str:
    """C14N without the whitespace between elements."""
    root = etree.fromstring(xml)
    for element in root.iter():
        if len(element) and not (element.text or "").strip():
            element.text = None
        if not (element.tail or "").strip():
            element.tail = None
    return str(etree.canonicalize(etree.tostring(root, encoding="unicode")))


# The worked cases.


@pytest.mark.parametrize("case", VECTORS, ids=[case["name"] for case in VECTORS])
def test_all_worked_cases_agree_under_canonicalisation(case: Json) -> None:
    moment = datetime.fromisoformat(case["submission"]["Datum_Odeslani"])
    submitted_at = moment.replace(tzinfo=ZoneInfo("Europe/Prague"))
    document = build_xml(Report.parse(case["report"]), submitted_at=submitted_at)
    assert canonical(document.xml) == canonical(case["xml"])
    sections = case["report"]["data_b"].get("Obnovene_Useky", {})
    left_out = [f"data_b.Obnovene_Useky.{key}" for key in sections if not key.strip("_").isdigit()]
    assert [warning.partition(":")[0] for warning in document.warnings] == left_out


# The root and its first children.


def test_the_document_is_bare_and_starts_with_the_submission() -> None:
    document = build(id_zp=53773, cislo_zp="S/BN/O/26012", submitted_by=4133)
    assert document.xml.startswith(
        '<ZP id_zp="53773" cislo_zp="S/BN/O/26012">'
        "<Datum_Odeslani>2026-07-05 12:00:00</Datum_Odeslani><Odeslal>4133</Odeslal><znackari>"
    )


def test_the_parts_come_in_their_order() -> None:
    document = build(data_a={"Presmerovani_Vyplat": {"1": 2}, "Datum_Provedeni": "2026-06-20"})
    assert [child.tag for child in tree(document)] == [
        "Datum_Odeslani", "Odeslal", "znackari", "Datum_Provedeni", "Vyuctovani",
        "Presmerovani_Vyplat", "Koment_Usek",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "in_prague"),
    [
        (datetime(2026, 1, 31, 23, 30, 59, 999_999, tzinfo=UTC), "2026-02-01 00:30:59"),
        (datetime(2026, 7, 5, 8, 0, 30, tzinfo=UTC), "2026-07-05 10:00:30"),
        (datetime(2026, 7, 5, 8, tzinfo=timezone(timedelta(hours=-5))), "2026-07-05 15:00:00"),
    ],
)
def test_the_moment_is_written_in_prague_time(moment: datetime, in_prague: str) -> None:
    xml = build_xml(Report.parse(a_report()), submitted_at=moment).xml
    assert f"<Datum_Odeslani>{in_prague}</Datum_Odeslani>" in xml


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone-aware"):
        build_xml(Report.parse(a_report()), submitted_at=datetime(2026, 7, 5))  # noqa: DTZ001


def test_the_owner_is_named_when_nobody_else_pressed_the_button() -> None:
    assert "<Odeslal>1955</Odeslal>" in build(submitted_by=None).xml


def test_markers_carry_their_int_adr_as_id_and_keep_their_fields() -> None:
    markers = [{"INT_ADR": "_7", "Vek": 61.0, "metadata": {"a": 1}, "Nove": {"metadata": "x"}}]
    assert (
        '<znackari><Znackar id="7"><INT_ADR>_7</INT_ADR><Vek>61</Vek>'
        "<Nove><metadata>x</metadata></Nove></Znackar></znackari>"
    ) in build(znackari=markers).xml


def test_nothing_but_the_containers_is_written_for_an_empty_report() -> None:
    report = {"id_zp": 1, "cislo_zp": "A", "int_adr": 2, "data_a": {}, "data_b": {}}
    xml = build_xml(Report.parse(report), submitted_at=NOON).xml
    assert xml.endswith("<Odeslal>2</Odeslal><znackari/><Vyuctovani/></ZP>")


def test_redirections_are_written_from_person_to_person() -> None:
    document = build(data_a={"Presmerovani_Vyplat": {"_1955": 5678, "12": "_34"}})
    assert (
        '<Presmerovani_Vyplat><Vyplatit INT_ADR="1955">5678</Vyplatit>'
        '<Vyplatit INT_ADR="12">34</Vyplatit></Presmerovani_Vyplat>'
    ) in document.xml


@pytest.mark.parametrize("nobody", [None, {}, []])
def test_no_redirections_no_container(nobody: Any) -> None:
    assert "Presmerovani" not in build(data_a={"Presmerovani_Vyplat": nobody}).xml


def test_nothing_else_of_part_a_goes_in() -> None:
    document = build(data_a={"Hlavni_Ridic": 1, "Nove": {"a": 1}, "Skupiny_Cest": []})
    assert "Hlavni_Ridic" not in document.xml
    assert "Nove" not in document.xml
    assert document.warnings == ()


# The general rule.


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        ("", ""),
        ([], ""),
        ({}, ""),
        (True, "<F>1</F>"),
        (False, "<F></F>"),
        (0, "<F>0</F>"),
        (170.0, "<F>170</F>"),
        (-0.0, "<F>0</F>"),
        (1e22, "<F>10000000000000000000000</F>"),
        (1e-7, "<F>0.0000001</F>"),
        (10**400, f"<F>1{'0' * 400}</F>"),
        ("0", "<F>0</F>"),
        ("  ", "<F>  </F>"),
        (["a", 1, True], "<F>a</F><F>1</F><F>1</F>"),
        (["a", None, "", {}, [], False], "<F>a</F><F></F>"),
        ([["a", "b"], ["c"]], "<F>a</F><F>b</F><F>c</F>"),
        ([{"a": 1}, {"b": [2, 3]}], "<F><a>1</a></F><F><b>2</b><b>3</b></F>"),
        ({"a": {"b": {"c": 1}}}, "<F><a><b><c>1</c></b></a></F>"),
        ({"a": None}, "<F/>"),
    ],
)
def test_a_field_is_written_by_the_general_rule(value: Any, written: str) -> None:
    assert part_b(F=value) == written


def test_part_b_keeps_its_order_and_loses_only_its_completion() -> None:
    written = part_b(Z=1, Cast_B_Dokoncena=True, A=2, M={"Cast_B_Dokoncena": 3}, metadata=4)
    assert written == (
        "<Z>1</Z><A>2</A><M><Cast_B_Dokoncena>3</Cast_B_Dokoncena></M><metadata>4</metadata>"
    )


def test_metadata_in_list_items_is_internal() -> None:
    assert (
        part_b(F=[{"metadata": 1, "a": {"metadata": 2}}]) == "<F><a><metadata>2</metadata></a></F>"
    )


def test_keys_that_give_the_same_name_are_both_written() -> None:
    assert part_b(**{"a b": 1, "a_b": 2}) == "<a_b>1</a_b><a_b>2</a_b>"


def test_a_name_that_had_to_change_is_reported() -> None:
    document = build(data_b={"Pole č.": [1, 2], "O": {"1": {"x y": 3}}, "Prázdné": None})
    assert document.xml.endswith(
        "<Pole__.>1</Pole__.><Pole__.>2</Pole__.><O><_1><x_y>3</x_y></_1></O></ZP>"
    )
    assert document.warnings == (
        "data_b.Pole č.: written as <Pole__.>",
        "data_b.O.1: written as <_1>",
        "data_b.O.1.x y: written as <x_y>",
    )


# Special containers.


@pytest.mark.parametrize("name", ["Stavy_Tim", "Obnovene_Useky"])
@pytest.mark.parametrize(("value", "written"), [({}, "<{}/>"), ([], "<{}/>"), (None, "")])
def test_containers_are_written_even_when_empty(name: str, value: Any, written: str) -> None:
    assert part_b(**{name: value}) == written.format(name)


def test_information_points_and_their_objects_are_keyed_by_id() -> None:
    points = {
        "_BN098": {
            "metadata": 1,
            "Predmety": {"_12": {"metadata": 2, "Koment": "a"}, "13": {}},
            "Koment_TIM": "b",
        },
        "BN099": {"Predmety": []},
    }
    assert part_b(Stavy_Tim=points) == (
        '<Stavy_Tim><TIM id="BN098"><Predmety><Predmet id="12"><Koment>a</Koment></Predmet>'
        '<Predmet id="13"/></Predmety><Koment_TIM>b</Koment_TIM></TIM>'
        '<TIM id="BN099"><Predmety/></TIM></Stavy_Tim>'
    )


@pytest.mark.parametrize("value", [{"1": "a"}, {"1": {"x": 2}, "2": None}])
def test_a_container_of_something_else_is_written_by_the_general_rule(value: Json) -> None:
    assert part_b(Nove={"Predmety": value}).startswith("<Nove><Predmety><_1>")


def test_sections_whose_key_is_no_number_are_left_out_and_reported() -> None:
    sections = {"N/A": {"Usek_Delka": 1}, "": {}, "__": {}, "１２": {}, "12a": {}, "_34": {}}
    document = build(data_b={"Obnovene_Useky": sections})
    assert document.xml.endswith('<Obnovene_Useky><Usek id="34"/></Obnovene_Useky></ZP>')
    assert document.warnings == tuple(
        f"data_b.Obnovene_Useky.{key}: left out, its key is not a number"
        for key in sections
        if key != "_34"
    )


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (True, "3"),
        (False, "2"),
        *((code, str(code)) for code in range(5)),
        *((str(code), str(code)) for code in range(5)),
        (3.0, "3"),
        (5, "0"),
        (-1, "0"),
        (2.5, "0"),
        ("ano", "0"),
        ("34", "0"),
        ("", "0"),
        (None, "0"),
        ([3], "0"),
    ],
)
def test_whether_a_section_was_renewed_becomes_a_code(value: Any, code: str) -> None:
    assert part_b(Obnovene_Useky={"1": {"Usek_Obnoven": value}}) == (
        f'<Obnovene_Useky><Usek id="1"><Usek_Obnoven>{code}</Usek_Obnoven></Usek></Obnovene_Useky>'
    )


@pytest.mark.parametrize(
    ("type_", "attribute"),
    [
        ("Odbočka", ' typ="O"'),
        ("odbočka", ' typ="O"'),
        ("Úsek", ' typ="U"'),
        ("x", ' typ="U"'),
        ("", ""),
        (None, ""),
    ],
)
def test_the_type_of_a_section_becomes_an_attribute(type_: Any, attribute: str) -> None:
    section = {"metadata": 1, "Typ_Useku": type_, "Usek_Delka": 3.90}
    assert part_b(Obnovene_Useky={"1": section}) == (
        f'<Obnovene_Useky><Usek id="1"{attribute}><Usek_Delka>3.9</Usek_Delka></Usek>'
        "</Obnovene_Useky>"
    )


# The settlement.


def groups(*groups: tuple[Any, Any]) -> Json:
    return {"Skupiny_Cest": [{"Ridic": driver, "SPZ": plate} for driver, plate in groups]}


@pytest.mark.parametrize(
    ("data_a", "plate"),
    [
        (groups((7, " 4A2 3456 ")), "4A2 3456"),
        (groups((7, ""), (7, " "), (7, None), (8, "B"), (7, "C"), (7, "D")), "C"),
        (groups(("_7", "A")), "A"),
        (groups(("7", "A")), "A"),
    ],
)
def test_a_driver_gets_the_first_plate_right_after_the_rate(data_a: Json, plate: str) -> None:
    calculation = {"_7": {"Zvysena_Sazba": False, "Stravne": 1}}
    assert settlement(data_a, calculation) == (
        f'<Znackar id="7"><Zvysena_Sazba></Zvysena_Sazba><SPZ>{plate}</SPZ>'
        "<Stravne>1</Stravne></Znackar>"
    )


def test_a_rate_that_is_not_written_still_says_where_the_plate_goes() -> None:
    calculation = {"7": {"Zvysena_Sazba": None, "Stravne": 1}}
    assert settlement(groups((7, "A")), calculation) == (
        '<Znackar id="7"><SPZ>A</SPZ><Stravne>1</Stravne></Znackar>'
    )


def test_without_a_rate_the_plate_comes_last() -> None:
    calculation = {"7": {"metadata": 1, "Stravne": 1}}
    assert settlement(groups((7, "A")), calculation) == (
        '<Znackar id="7"><Stravne>1</Stravne><SPZ>A</SPZ></Znackar>'
    )


@pytest.mark.parametrize("data_a", [{}, groups((8, "A")), groups((None, "A")), groups((7, "  "))])
def test_who_drives_no_car_with_a_plate_gets_none(data_a: Json) -> None:
    assert settlement(data_a, {"7": {}}) == '<Znackar id="7"/>'


def test_lines_carry_the_person_and_begin_with_the_attachments_of_their_item() -> None:
    data_a = {
        "Skupiny_Cest": [{"Cesty": []}, {"Cesty": [{"id": 5, "Prilohy": [3, "1", 3]}]}],
        "Noclezne": [{"id": "n", "Prilohy": [attachment(9), attachment(2)]}],
        "Vedlejsi_Vydaje": [{"id": "n", "Prilohy": {"4": attachment(4)}}],
    }
    line = {"id": "n", "Kc": 1, "metadata": 2, "Prilohy": [1]}
    calculation = {
        "_7": {"Jizdne": [{"id": "5"}], "Noclezne": [line], "Vedlejsi_Vydaje": [{"id": "n"}]},
        "8": {"Jizdne": [{"Km": 1, "id": 5}, {}], "Cas_Prace": [{"id": 5, "Cas": 8.5}]},
    }
    document = settled(data_a, calculation, attachments=[attachment(1), attachment(3)])
    assert (
        f'<Znackar id="7"><Jizdne id="7">{priloha(1)}{priloha(3)}<id>5</id></Jizdne>'
        f'<Noclezne id="7">{priloha(9)}{priloha(2)}<id>n</id><Kc>1</Kc>'
        f"<Prilohy>{priloha(1)}</Prilohy></Noclezne>"
        f'<Vedlejsi_Vydaje id="7">{priloha(4)}<id>n</id></Vedlejsi_Vydaje></Znackar>'
        f'<Znackar id="8"><Jizdne id="8">{priloha(1)}{priloha(3)}<Km>1</Km><id>5</id></Jizdne>'
        '<Cas_Prace id="8"><id>5</id><Cas>8.5</Cas></Cas_Prace></Znackar>'
    ) in document.xml
    assert document.warnings == ()


def test_other_lists_of_a_settlement_are_written_by_the_general_rule() -> None:
    assert settlement({}, {"7": {"Nove": [{"id": 1}, 2]}}) == (
        '<Znackar id="7"><Nove><id>1</id></Nove><Nove>2</Nove></Znackar>'
    )


def test_attachments_that_no_line_refers_to_are_reported() -> None:
    data_a = {
        "Skupiny_Cest": [{"Cesty": [{"id": "a", "Prilohy": [1]}], "Prilohy_Mapa": [2]}],
        "Noclezne": [{"id": "a", "Prilohy": [1, 2]}, {"Prilohy": [1]}, {"id": "", "Prilohy": []}],
        "Vedlejsi_Vydaje": [{"id": "b", "Prilohy": [1]}, {"id": "b", "Prilohy": [2]}],
        "Nove": {"metadata": {"Prilohy": [1]}, "Doklady": [{"Prilohy": [2]}]},
    }
    calculation = {"7": {"Jizdne": [{"id": "a"}], "Noclezne": [{}, {"id": None}, {"id": ""}],
                         "Vedlejsi_Vydaje": [{"id": "b"}]}}  # fmt: skip
    document = settled(data_a, calculation, attachments=[attachment(1), attachment(2)])
    why = "not sent, no line of the settlement refers to this item"
    assert set(document.warnings) == {
        f"data_a.Skupiny_Cest.0.Prilohy_Mapa: 1 attachment {why}",
        f"data_a.Noclezne.0.Prilohy: 2 attachments {why}",
        f"data_a.Noclezne.1.Prilohy: 1 attachment {why}",
        f"data_a.Vedlejsi_Vydaje.1.Prilohy: 1 attachment {why}",
        f"data_a.Nove.Doklady.0.Prilohy: 1 attachment {why}",
    }


# Attachments.


@pytest.mark.parametrize(
    "name", ["Prilohy", "Prilohy_NP", "Prilohy_TIM", "Prilohy_Usek", "Prilohy_Mapa"]
)
def test_attachments_are_written_in_a_container_of_that_name(name: str) -> None:
    document = build(data_b={name: [11, 2]}, attachments=[attachment(2), attachment(11)])
    assert f"<{name}>{priloha(2)}{priloha(11)}</{name}>" in document.xml


@pytest.mark.parametrize("nothing", [[], {}, None, ""])
def test_no_attachments_no_container(nothing: Any) -> None:
    assert part_b(Prilohy_Mapa=nothing) == ""


def test_what_is_not_known_of_an_attachment_is_not_written() -> None:
    unknown = attachment(5, fileType=None, fileSize=None)
    assert part_b(Prilohy=[unknown, attachment(6, fileType="", fileSize=0)]) == (
        '<Prilohy><Priloha id="5">https://portal.example/5</Priloha>'
        '<Priloha id="6" size="0">https://portal.example/6</Priloha></Prilohy>'
    )


def test_all_attachments_that_cannot_be_resolved_are_named_at_once() -> None:
    whole = {"data_a": {"Noclezne": [{"id": 1, "Prilohy": [3]}]},
             "data_b": {"metadata": {"Prilohy": [4]}, "Prilohy_Mapa": [1, 2], "Prilohy": 5},
             "calculation": {"7": {"Noclezne": [{"id": 1}, {"id": 1}]}}}  # fmt: skip
    report = Report.model_validate(a_report(attachments=[attachment(1)], **whole))
    with pytest.raises(InvalidReportError) as refused:
        build_xml(report, submitted_at=NOON)
    words = "attachments that cannot be resolved:"
    assert refused.value.problems == (
        Problem("data_a.Noclezne.0.Prilohy", f"{words} 3"),
        Problem("data_b.metadata.Prilohy", f"{words} 4"),
        Problem("data_b.Prilohy_Mapa", f"{words} 2"),
        Problem("data_b.Prilohy", f"{words} 5 (neither a list nor an object)"),
    )


def test_what_is_no_json_is_refused_with_its_place() -> None:
    fields = {"a": float("nan"), "b": [1, float("inf")], "c": {"d": NOON.date()}}
    with pytest.raises(InvalidReportError) as refused:
        build_xml(Report.model_validate(a_report(data_b=fields)), submitted_at=NOON)
    assert [problem.field for problem in refused.value.problems] == [
        "data_b.a", "data_b.b.1", "data_b.c.d",
    ]  # fmt: skip


def test_a_report_that_repeats_its_attachments_without_end_is_refused() -> None:
    lines = [{"id": 1}] * 1_000
    items = [{"id": 1, "Prilohy": [*range(MAX_ATTACHMENTS // 1_000 + 1)]}]
    known = [attachment(id_) for id_ in items[0]["Prilohy"]]  # type: ignore[attr-defined]
    with pytest.raises(InvalidReportError, match="attachments"):
        settled({"Noclezne": items}, {"7": {"Noclezne": lines}}, attachments=known)


# Text.


def test_every_change_of_a_text_is_reported_with_its_place() -> None:
    document = build(
        cislo_zp="S→1",
        znackari=[{"INT_ADR": 1, "Znackar": "Ibañez"}],
        data_a={"Skupiny_Cest": [{"Ridic": 1955, "SPZ": "1A\N{NARROW NO-BREAK SPACE}2"}]},
        calculation={"1955": {"Noclezne": [{"Misto": "ok"}, {"Misto": "●"}]}},
        data_b={
            "Stavy_Tim": {"BN●": {"Koment_TIM": "a → b → c \U0001f600", "Koment_NP": "\x00\x01"}},
            "F": ["x", ["\U0001f600"]],
            "Prilohy": [attachment(5, fileType="a→b", url="https://portal.example/ñ")],
        },
    )
    assert document.warnings == (
        "cislo_zp: 1 character replaced",
        "znackari.0.Znackar: 1 character replaced",
        "calculation.1955.Noclezne.1.Misto: 1 character replaced",
        "data_a.Skupiny_Cest.0.SPZ: 1 character replaced",
        "data_b.Stavy_Tim.BN●: 1 character replaced",
        "data_b.Stavy_Tim.BN●.Koment_TIM: 2 characters replaced, 1 left out",
        "data_b.Stavy_Tim.BN●.Koment_NP: 2 characters left out",
        "data_b.F.1.0: 1 character left out",
        "data_b.Prilohy.5.fileType: 1 character replaced",
        "data_b.Prilohy.5.url: 1 character replaced",
    )
    assert document.xml.endswith(
        '<Stavy_Tim><TIM id="BN•"><Koment_TIM>a -&gt; b -&gt; c </Koment_TIM></TIM></Stavy_Tim>'
        "<F>x</F>"
        '<Prilohy><Priloha id="5" type="a-&gt;b" size="9">https://portal.example/n</Priloha>'
        "</Prilohy></ZP>"
    )
    document.xml.encode("cp1250")


def test_a_place_is_printable_whatever_its_keys_are() -> None:
    document = build(data_b={"a\nb\u202ec": "→"})
    assert document.warnings[1] == "data_b.a\\nb\\u202ec: written as <a_b_c>"


@pytest.mark.parametrize(
    "text",
    [
        "<závorky> & ampersand",
        "]]> <![CDATA[ <!-- --> <?pi?>",
        "&amp; &#10; &lt;",
        "'apostrof' \"uvozovky\"",
        "řádek\nřádek\r\nřádek\rkonec\ttabulátor",
        "  okraje  ",
        "\N{NO-BREAK SPACE}roz\N{SOFT HYPHEN}dělovník\x7f",
    ],
)
def test_insyz_reads_what_was_written(text: str) -> None:
    document = build(
        cislo_zp=text,
        data_b={"F": text, "Stavy_Tim": {text: {}}, "Prilohy": [attachment(1, url=text)]},
    )
    root = tree(document)
    assert root.get("cislo_zp") == text
    assert root.findtext("F") == text
    assert root.find("Stavy_Tim/TIM").get("id") == text  # type: ignore[union-attr]
    assert root.findtext("Prilohy/Priloha") == text
    assert document.warnings == ()


def test_the_report_is_left_as_it_was() -> None:
    for case in VECTORS:
        report = Report.parse(case["report"])
        before = report.model_dump_json()
        first = build_xml(report, submitted_at=NOON)
        assert build_xml(report, submitted_at=NOON) == first
        assert report.model_dump_json() == before


# Size.


def of_size(attachments: int) -> Report:
    """A report in which three fields name each attachment: 1,250 of them make some 280 kB."""
    ids = range(attachments)
    items = [{"id": id_, "Prilohy": [id_], "Misto": "Žďár"} for id_ in ids]
    lines = [{"id": id_, "Kc": 12.5} for id_ in ids]
    objects = {str(id_): {"Koment": "značka → vlevo", "Prilohy": [id_]} for id_ in ids}
    return Report.parse(
        a_report(
            data_a={"Noclezne": items},
            data_b={"Prilohy_Mapa": [*ids], "Stavy_Tim": {"BN1": {"Predmety": objects}}},
            calculation={"1955": {"Noclezne": lines}},
            attachments=[attachment(id_) for id_ in ids],
        )
    )


def test_time_grows_with_the_report_only() -> None:
    def seconds(report: Report) -> float:
        tries = []
        for _ in range(5):
            start = time.process_time()
            build_xml(report, submitted_at=NOON)
            tries.append(time.process_time() - start)
        return min(tries)

    assert seconds(of_size(5_000)) < 8 * seconds(of_size(1_250))
