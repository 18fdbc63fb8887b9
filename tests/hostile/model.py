"""The rules of the document once more, as plainly as they are stated, to hold the writer against.

Slow, recursive and without warnings. Only what a character outside Windows-1250 becomes is taken
from the code: test_text holds that against the standard's own tables.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from insyz.text import to_windows_1250

ATTACHMENTS = {"Prilohy", "Prilohy_NP", "Prilohy_TIM", "Prilohy_Usek", "Prilohy_Mapa"}
KEYED = {"Stavy_Tim": "TIM", "Predmety": "Predmet", "Obnovene_Useky": "Usek"}
LINES = ("Jizdne", "Noclezne", "Vedlejsi_Vydaje", "Cas_Prace")
Json = dict[str, Any]


@dataclass
class Node:
    """An element with either a text or children."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list["Node"] = field(default_factory=list)


def fits(value: str) -> bool:
    """Whether INSYZ takes the text as it is, but for composing letters with their marks."""
    composed = unicodedata.normalize("NFC", value)
    try:
        composed.encode("cp1250")
    except UnicodeEncodeError:
        return False
    return not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x80-\x9f]", composed)


def text(value: str) -> str:
    return unicodedata.normalize("NFC", value) if fits(value) else to_windows_1250(value).text


def number(value: int | float) -> str:
    plain = f"{Decimal(repr(value)):f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in {"-0", ""} else plain


def name(key: str) -> str:
    plain = "".join(one if re.fullmatch("[A-Za-z0-9_.-]", one) else "_" for one in key)
    if not plain.strip("_"):
        return "Element"
    return f"_{plain}" if plain[0] in "0123456789.-" else plain


def scalar(value: Any) -> str | None:
    """None: nothing is written."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, str):
        return text(value) or None
    return number(value)


class Model:
    """The document of one report that Report.parse takes."""

    def __init__(self, report: Json) -> None:
        self.report = report
        self.known = {one["id"]: one for one in report["attachments"]}

    def document(self, submitted_at: datetime) -> Node:
        report = self.report
        data_a, data_b = report["data_a"] or {}, report["data_b"] or {}
        moment = submitted_at.astimezone(ZoneInfo("Europe/Prague"))
        root = Node("ZP", {"id_zp": str(report["id_zp"]), "cislo_zp": text(report["cislo_zp"])})
        root.children = [
            Node("Datum_Odeslani", text=f"{moment:%Y-%m-%d %H:%M:%S}"),
            Node("Odeslal", text=str(report.get("submitted_by") or report["int_adr"])),
            Node("znackari", children=[*map(self.marker, report["znackari"])]),
            *self.field("Datum_Provedeni", data_a.get("Datum_Provedeni")),
            Node("Vyuctovani", children=[*map(self.person, report["calculation"].items())]),
            *self.redirections(data_a.get("Presmerovani_Vyplat") or {}),
        ]
        for key, value in data_b.items():
            if key != "Cast_B_Dokoncena":
                root.children += self.field(key, value)
        return root

    def marker(self, marker: Json) -> Node:
        return self.item("Znackar", marker, {"id": str(marker["INT_ADR"]).lstrip("_")})

    def item(self, name: str, fields: Json, attributes: dict[str, str]) -> Node:
        return Node(name, attributes, children=self.fields(fields, internal={"metadata"}))

    def fields(self, fields: Json, internal: set[str]) -> list[Node]:
        kept = [(key, value) for key, value in fields.items() if key not in internal]
        return [node for key, value in kept for node in self.field(key, value)]

    def field(self, key: str, value: Any) -> list[Node]:
        if key in ATTACHMENTS:
            written = [*self.attachments(value)]
            return [Node(key, children=written)] if written else []
        if key in KEYED and is_keyed(value):
            return [Node(key, children=[*self.keyed(key, value or {})])]
        return self.general(name(key), value)

    def general(self, name: str, value: Any) -> list[Node]:
        if isinstance(value, list):
            return [node for item in value for node in self.list_item(name, item)]
        if isinstance(value, dict):
            return [Node(name, children=self.fields(value, internal=set()))] if value else []
        written = scalar(value)
        return [] if written is None else [Node(name, text=written)]

    def list_item(self, name: str, item: Any) -> list[Node]:
        if isinstance(item, dict):
            return [self.item(name, item, {})] if item else []
        return self.general(name, item)

    def keyed(self, container: str, items: Json) -> Iterator[Node]:
        for key, fields in items.items():
            id_ = key.lstrip("_")
            if container != "Obnovene_Useky":
                yield self.item(KEYED[container], fields or {}, {"id": text(id_)})
            elif re.fullmatch("[0-9]+", id_):
                yield self.section(id_, fields or {})

    def section(self, id_: str, fields: Json) -> Node:
        node = Node("Usek", {"id": id_})
        for key, value in fields.items():
            if key == "Typ_Useku" and value:
                node.attributes["typ"] = "O" if str(value)[0] in "Oo" else "U"
            elif key == "Usek_Obnoven":
                node.children.append(Node(key, text=renewal(value)))
            elif key not in {"Typ_Useku", "metadata"}:
                node.children += self.field(key, value)
        return node

    def person(self, entry: tuple[str, Json]) -> Node:
        key, fields = entry
        int_adr = text(key.lstrip("_"))
        node = Node("Znackar", {"id": int_adr})
        plate = self.general("SPZ", self.plate(int_adr))
        for name, value in (fields or {}).items():
            if name in LINES and isinstance(value, list):
                node.children += [self.line(name, int_adr, line) for line in value if line]
            elif name != "metadata":
                node.children += self.field(name, value)
            if name == "Zvysena_Sazba":
                node.children += plate
        node.children += [] if "Zvysena_Sazba" in (fields or {}) else plate
        return node

    def plate(self, int_adr: str) -> str:
        for group in (self.report["data_a"] or {}).get("Skupiny_Cest") or []:
            plate = (group.get("SPZ") or "").strip()
            ridic = group.get("Ridic")
            if plate and ridic is not None and str(ridic).lstrip("_") == int_adr:
                return str(plate)
        return ""

    def line(self, name: str, int_adr: str, line: Json) -> Node:
        node = self.item(name, line, {"id": int_adr})
        for item in self.referred(name):
            same = item.get("id") not in {None, ""} and str(item["id"]) == str(line.get("id"))
            if same and "Prilohy" in item:
                node.children[:0] = self.attachments(item["Prilohy"])
                break
        return node

    def referred(self, name: str) -> list[Json]:
        data_a = self.report["data_a"] or {}
        if name == "Jizdne":
            groups = data_a.get("Skupiny_Cest") or []
            return [one for group in groups for one in group.get("Cesty") or []]
        return data_a.get(name) or [] if name != "Cas_Prace" else []

    def redirections(self, payees: dict[str, Any]) -> list[Node]:
        children = [
            Node("Vyplatit", {"INT_ADR": text(person.lstrip("_"))}, str(payee).lstrip("_"))
            for person, payee in payees.items()
        ]
        return [Node("Presmerovani_Vyplat", children=children)] if children else []

    def attachments(self, given: Any) -> Iterator[Node]:
        values = [*given.values()] if isinstance(given, dict) else given or []
        if not any(isinstance(value, dict) for value in values):
            values = [self.known[id_] for id_ in sorted({int(value) for value in values})]
        for one in values:
            attributes = {"id": str(one["id"])}
            if one.get("fileType"):
                attributes["type"] = text(one["fileType"])
            if one.get("fileSize") is not None:
                attributes["size"] = str(one["fileSize"])
            yield Node("Priloha", attributes, text(one["url"]))


def is_keyed(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(item, dict) or item == [] for item in value.values())
    return isinstance(value, list) and not value


def renewal(value: Any) -> str:
    if isinstance(value, bool):
        return "3" if value else "2"
    if isinstance(value, int | float) and value in {0, 1, 2, 3, 4}:
        return str(int(value))
    return value if isinstance(value, str) and re.fullmatch("[0-4]", value) else "0"
