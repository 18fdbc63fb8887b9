"""The report as the XML document that INSYZ takes (domain.md, "XML for INSYZ").

Nothing of a report changes in silence: what is written in other characters or under another name
than the portal sent, and what is left out because it has no place, is named in a warning.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from lxml.etree import Element, SubElement, _Element, tostring

from insyz.attachments import (
    ATTACHMENT_FIELDS,
    CONTAINER,
    Attachment,
    AttachmentField,
    UnresolvedAttachmentsError,
    resolve,
)
from insyz.errors import InvalidReportError, Problem
from insyz.place import Place, in_words
from insyz.report import Report
from insyz.text import element_name, fits_windows_1250, plain_number, to_windows_1250

PRAGUE = ZoneInfo("Europe/Prague")

KEYED_ITEMS = {"Stavy_Tim": "TIM", "Predmety": "Predmet", "Obnovene_Useky": "Usek"}
"""Fields that hold objects by key, and the element that each of these becomes."""
LINES = {
    "Jizdne": "Cesty",
    "Noclezne": "Noclezne",
    "Vedlejsi_Vydaje": "Vedlejsi_Vydaje",
    "Cas_Prace": None,
}
"""Lists in a person's settlement, and the lists in `data_a` that hold what their items refer to."""
RENEWAL_CODES = frozenset("01234")
MAX_ATTACHMENTS = 30_000
MAX_URL_CHARS = 8_000_000
"""Written in one document, the latter of all attachments together. A small report may name the same
files over and over: without a bound it would grow into gigabytes."""

Fields: TypeAlias = dict[str, Any]
DATA_A: Place = (None, "data_a")
DATA_B: Place = (None, "data_b")


@dataclass(frozen=True, slots=True)
class Document:
    """`xml`: no declaration, meant for UTF-8. `warnings`: `place in the report: what was done`."""

    xml: str
    warnings: tuple[str, ...]


def build_xml(report: Report, *, submitted_at: datetime) -> Document:
    """The document for `report` when it is submitted at `submitted_at` (timezone-aware).

    Raises ValueError when the moment has no time zone, and InvalidReportError, with every wrong
    field, when the report cannot be written; Report.parse has normally found these before.
    """
    if submitted_at.utcoffset() is None:
        raise ValueError("submitted_at must be timezone-aware")
    writer = _Writer(report.attachments_by_id)
    root = Element("ZP", id_zp=str(report.id_zp))
    root.set("cislo_zp", writer.order_number(report.cislo_zp))
    SubElement(root, "Datum_Odeslani").text = _prague_time(submitted_at)
    SubElement(root, "Odeslal").text = str(report.submitter)
    _write_markers(writer, root, report.znackari)
    writer.field(root, "Datum_Provedeni", report.data_a.get("Datum_Provedeni"), DATA_A)
    _Settlement(writer, report).write(root, report.calculation)
    _write_redirections(writer, root, report.data_a.get("Presmerovani_Vyplat"))
    for key, value in report.data_b.items():
        if key != "Cast_B_Dokoncena":
            writer.field(root, key, value, DATA_B)
    if writer.problems:
        raise InvalidReportError(problems=list(writer.problems))
    return Document(tostring(root, encoding="unicode"), tuple(writer.warnings))


def _write_markers(writer: "_Writer", root: _Element, markers: Sequence[Fields]) -> None:
    container = SubElement(root, "znackari")
    for index, marker in enumerate(markers):
        element = _with_id(container, "Znackar", _int_adr(marker["INT_ADR"]))
        writer.item_fields(element, marker, ((None, "znackari"), index))


def _write_redirections(writer: "_Writer", root: _Element, payees: Fields | None) -> None:
    if not payees:
        return
    container = SubElement(root, "Presmerovani_Vyplat")
    place: Place = (DATA_A, "Presmerovani_Vyplat")
    for person, payee in payees.items():
        element = SubElement(container, "Vyplatit")
        element.set("INT_ADR", writer.text(_int_adr(person), place, person))
        element.text = _int_adr(payee)


class _Settlement:
    """`Vyuctovani`: what each person gets, with the attachments of the items in `data_a`."""

    def __init__(self, writer: "_Writer", report: Report) -> None:
        self._writer = writer
        self._plates = _plates_by_driver(report.data_a)
        self._attachment_fields = report.attachment_fields_by_part["data_a"]
        self._items = _items_by_list_and_id(self._attachment_fields)
        self._sent: dict[int, list[Attachment]] = {}

    def write(self, root: _Element, calculation: Mapping[str, Fields]) -> None:
        container = SubElement(root, "Vyuctovani")
        place: Place = (None, "calculation")
        for key, fields in calculation.items():
            int_adr = self._writer.text(_int_adr(key), place, key)
            person = _with_id(container, "Znackar", int_adr)
            self._write_person(person, int_adr, fields or {}, (place, key))
        self._warn_of_unsent_attachments()

    def _write_person(self, person: _Element, int_adr: str, fields: Fields, place: Place) -> None:
        for key, value in fields.items():
            if key in LINES and isinstance(value, list):
                for index, line in enumerate(value):
                    self._write_line(person, int_adr, key, line, ((place, key), index))
            elif key != "metadata":
                self._writer.field(person, key, value, place)
            if key == "Zvysena_Sazba":
                self._write_plate(person, int_adr)
        if "Zvysena_Sazba" not in fields:
            self._write_plate(person, int_adr)

    def _write_plate(self, person: _Element, int_adr: str) -> None:
        if int_adr in self._plates:
            plate, group = self._plates[int_adr]
            self._writer.field(person, "SPZ", plate, group)

    def _write_line(
        self, person: _Element, int_adr: str, name: str, line: Fields, place: Place
    ) -> None:
        if not line:
            return
        element = _with_id(person, name, int_adr)
        if found := self._items.get((LINES[name], _id_of(line))):
            item, item_place = found
            attachments = self._attachments_of(item, item_place)
            self._writer.attachments(element, attachments, (item_place, "Prilohy"))
        self._writer.item_fields(element, line, place)

    def _attachments_of(self, item: Fields, place: Place) -> list[Attachment]:
        """Looked up once, however many lines refer to the item."""
        if id(item) not in self._sent:
            self._sent[id(item)] = self._writer.resolved(item["Prilohy"], place, "Prilohy")
        return self._sent[id(item)]

    def _warn_of_unsent_attachments(self) -> None:
        for holder, key, place in self._attachment_fields:
            if key == "Prilohy" and id(holder) in self._sent:
                continue
            if count := len(self._writer.resolved(holder[key], place, key)):
                unsent = f"{count} attachment{'s' * (count > 1)} not sent"
                why = "no line of the settlement refers to this item"
                self._writer.warn(place, key, f"{unsent}, {why}")


class _Writer:
    """Writes fields into elements; keeps what it changed and what it could not write.

    `warnings` and `problems` are the keys, in order and each once: what belongs to an item of
    `data_a` is written for each person that has a line for it.
    """

    def __init__(self, known_attachments: Mapping[int, Attachment]) -> None:
        self._known_attachments = known_attachments
        self.warnings: dict[str, None] = {}
        self.problems: dict[Problem, None] = {}
        self._attachments_written = 0
        self._url_chars = 0

    def item_fields(self, element: _Element, fields: Fields, place: Place) -> None:
        """The fields of an item element or of a list item: there, `metadata` is internal."""
        for key, value in fields.items():
            if key != "metadata":
                self.field(element, key, value, place)

    def field(self, parent: _Element, key: str, value: Any, place: Place) -> None:
        """The field `key` of what stands at `place`: by the rule for its name, or the general."""
        if key in ATTACHMENT_FIELDS:
            if found := self.resolved(value, place, key):
                self.attachments(SubElement(parent, key), found, (place, key))
        elif isinstance(value, CONTAINER):
            if key in KEYED_ITEMS and _is_keyed(value):
                self._keyed_items(SubElement(parent, key), key, dict(value), (place, key))
            elif value:
                self._container(parent, key, value, place)
        elif (text := self._scalar(value, place, key)) is not None:
            name = element_name(key)
            if name != key:
                self._warn_of_name(key, name, place)
            SubElement(parent, name).text = text

    def _container(
        self, parent: _Element, key: str, value: Fields | list[Any], place: Place
    ) -> None:
        name = self._element_name(key, place)
        if isinstance(value, list):
            self._list_items(parent, name, value, (place, key))
            return
        element = SubElement(parent, name)
        for inner_key, inner in value.items():
            self.field(element, inner_key, inner, (place, key))

    def _list_items(self, parent: _Element, name: str, items: list[Any], place: Place) -> None:
        """One element per item that holds anything: an empty element would be read as false."""
        for index, item in enumerate(items):
            if isinstance(item, list):
                self._list_items(parent, name, item, (place, index))
            elif isinstance(item, dict):
                if item:
                    self.item_fields(SubElement(parent, name), item, (place, index))
            elif (text := self._scalar(item, place, index)) is not None:
                SubElement(parent, name).text = text

    def _keyed_items(self, container: _Element, field: str, items: Fields, place: Place) -> None:
        for key, item in items.items():
            fields = item or {}
            id_ = key.lstrip("_")
            if field == "Obnovene_Useky" and not (id_.isascii() and id_.isdigit()):
                self.warn(place, key, "left out, its key is not a number")
                continue
            element = _with_id(container, KEYED_ITEMS[field], self.text(id_, place, key))
            if field == "Obnovene_Useky":
                self._section_fields(element, fields, (place, key))
            else:
                self.item_fields(element, fields, (place, key))

    def _section_fields(self, section: _Element, fields: Fields, place: Place) -> None:
        for key, value in fields.items():
            if key == "Typ_Useku":
                if value:
                    section.set("typ", "O" if str(value).startswith(("O", "o")) else "U")
            elif key == "Usek_Obnoven":
                SubElement(section, key).text = _renewal_code(value)
            elif key != "metadata":
                self.field(section, key, value, place)

    def resolved(self, field: Any, place: Place, key: str) -> list[Attachment]:
        """The attachments that the field at `key` names."""
        try:
            return resolve(field, self._known_attachments)
        except UnresolvedAttachmentsError as unresolved:
            message = f"attachments that cannot be resolved: {unresolved}"
            self._refuse(place, key, message)
            return []

    def attachments(self, parent: _Element, found: Sequence[Attachment], place: Place) -> None:
        """One `Priloha` each. The place of what is changed in one ends in its id."""
        self._attachments_written += len(found)
        if self._attachments_written > MAX_ATTACHMENTS:
            raise InvalidReportError(f"{in_words(place)}: over {MAX_ATTACHMENTS:,} attachments")
        self._url_chars += sum(len(attachment.url) for attachment in found)
        if self._url_chars > MAX_URL_CHARS:
            raise InvalidReportError(f"{in_words(place)}: attachments with too long addresses")
        for attachment in found:
            element = _with_id(parent, "Priloha", str(attachment.id))
            own_place = (place, attachment.id)
            if attachment.fileType:
                element.set("type", self.text(attachment.fileType, own_place, "fileType"))
            if attachment.fileSize is not None:
                element.set("size", str(attachment.fileSize))
            element.text = self.text(attachment.url, own_place, "url")

    def _scalar(self, value: Any, place: Place, key: str | int) -> str | None:
        """What is written for the value; None when nothing is, not even an empty element."""
        kind = type(value)
        if kind is str:
            return self.text(value, place, key) or None
        if kind is int or (kind is float and math.isfinite(value)):
            return plain_number(value)
        if value is None:
            return None
        if kind is bool:
            return "1" if value else ""
        self._refuse(place, key, f"not a JSON value: {value!r:.40}")
        return None

    def text(self, text: str, place: Place, key: str | int) -> str:
        """The text in Windows-1250, with a warning if that changed it."""
        # Spares most texts the search, and most others the search's second step.
        if (text.isascii() and text.isprintable()) or fits_windows_1250(text):
            return text
        converted = to_windows_1250(text)
        if converted.replaced or converted.left_out:
            self.warn(place, key, converted.changes)
        return converted.text

    def order_number(self, cislo_zp: str) -> str:
        """Without it INSYZ could not tell whose report it is."""
        written = self.text(cislo_zp, None, "cislo_zp")
        if not written.strip():
            self._refuse(None, "cislo_zp", "INSYZ can store none of its characters")
        return written

    def _element_name(self, key: str, place: Place) -> str:
        name = element_name(key)
        if name != key:
            self._warn_of_name(key, name, place)
        return name

    def _warn_of_name(self, key: str, name: str, place: Place) -> None:
        self.warn(place, key, f"written as <{name}>")

    def warn(self, place: Place, key: str | int, what: str) -> None:
        self.warnings[f"{in_words((place, key))}: {what}"] = None

    def _refuse(self, place: Place, key: str | int, why: str) -> None:
        self.problems[Problem(in_words((place, key)), why)] = None


def _plates_by_driver(data_a: Fields) -> dict[str, tuple[str, Place]]:
    """SPZ by INT_ADR: that of the first group which the person drives and which has one."""
    plates: dict[str, tuple[str, Place]] = {}
    for index, group in enumerate(data_a.get("Skupiny_Cest") or ()):
        plate = (group.get("SPZ") or "").strip()
        if plate and group.get("Ridic") is not None:
            place = ((DATA_A, "Skupiny_Cest"), index)
            plates.setdefault(_int_adr(group["Ridic"]), (plate, place))
    return plates


def _items_by_list_and_id(
    fields: Sequence[AttachmentField],
) -> dict[tuple[str | int | None, str], tuple[Fields, Place]]:
    """The items that lines of a settlement may refer to; of several with one `id`, the first."""
    items: dict[tuple[str | int | None, str], tuple[Fields, Place]] = {}
    for item, key, place in fields:
        match place:
            case ((_, list_name), int()) if key == "Prilohy" and _id_of(item):
                items.setdefault((list_name, _id_of(item)), (item, place))
    return items


def _with_id(parent: _Element, name: str, id_: str) -> _Element:
    element = SubElement(parent, name)
    element.set("id", id_)  # takes less time than to pass it on
    return element


def _is_keyed(value: Fields | list[Any]) -> bool:
    """Whether these are objects by key. PHP writes an empty array as `[]`, also for an object."""
    if isinstance(value, list):
        return not value
    return all(isinstance(item, dict) or item == [] for item in value.values())


def _id_of(item: Fields) -> str:
    id_ = item.get("id")
    return "" if id_ is None else str(id_)


def _int_adr(value: Any) -> str:
    return str(value).lstrip("_")


def _renewal_code(value: Any) -> str:
    """`Usek_Obnoven`: the portal has sent a yes or no, and a code as a number or in digits."""
    if isinstance(value, bool):
        return "3" if value else "2"
    code = plain_number(value) if isinstance(value, int | float) else str(value)
    return code if code in RENEWAL_CODES else "0"


def _prague_time(moment: datetime) -> str:
    return moment.astimezone(PRAGUE).replace(tzinfo=None).isoformat(" ", "seconds")
