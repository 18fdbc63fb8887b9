"""What INSYZ refuses. It takes a document as a whole or not at all."""

import re
from collections.abc import Iterator

from lxml import etree

from simulator.book import Submission

_DECLARED_ENCODING = re.compile(r"""\ufeff?<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)""")
# 18 digits fit the 64 bits of SQLite's integers, and no real id comes near.
_ID_ZP = re.compile(r"0*[1-9][0-9]{0,17}", re.ASCII)
_DIGITS = re.compile(r"[0-9]+")
_CODE_PAGE = "windows-1250"


class RefusedError(Exception):
    """INSYZ does not take this; the message says why, `number` how SQL Server calls it."""

    def __init__(self, message: str, number: int = 50_000) -> None:
        super().__init__(message)
        self.number = number


def admit(*, key: str, xml: str, uzivatel: str) -> Submission:
    """The submission, if INSYZ would take it.

    Raises:
        RefusedError: `xml` isn't a well-formed `<ZP>` in the characters of Windows-1250, or
            `uzivatel` isn't an INT_ADR.
    """
    if not _DIGITS.fullmatch(uzivatel):
        raise RefusedError("Invalid uzivatel: not an INT_ADR")
    root = _parse(xml)
    id_zp, cislo_zp = _identity(root)
    _check_characters(xml, root)
    return Submission(key=key, id_zp=id_zp, cislo_zp=cislo_zp, uzivatel=uzivatel, xml=xml)


def _parse(xml: str) -> etree._Element:
    declared = _DECLARED_ENCODING.match(xml)
    if declared and declared[1].upper() != "UTF-8":
        raise RefusedError(
            f"XML parse error: encoding {declared[1]} declared, UTF-8 expected", 9402
        )
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(xml.encode(), parser)
    except (etree.XMLSyntaxError, UnicodeEncodeError) as error:
        raise RefusedError(f"XML parse error: {error}", 9400) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise RefusedError("XML parse error: a document type declaration is not allowed", 6359)
    return root


def _identity(root: etree._Element) -> tuple[int, str]:
    if root.tag != "ZP":
        raise RefusedError(f"Invalid document: the root is <{root.tag}>, not <ZP>")
    id_zp, cislo_zp = root.get("id_zp", ""), root.get("cislo_zp", "")
    if not _ID_ZP.fullmatch(id_zp):
        raise RefusedError("Invalid document: <ZP> has no valid id_zp")
    if not cislo_zp:
        raise RefusedError("Invalid document: <ZP> has no cislo_zp")
    return int(id_zp), cislo_zp


def _check_characters(xml: str, root: etree._Element) -> None:
    # Without character references a document that fits as it stands fits text by text too, and
    # asking once is a hundred times faster than walking the tree.
    if "&#" not in xml and _first_outside_code_page(xml) is None:
        return
    for element, text in _texts(root):
        character = _first_outside_code_page(text)
        if character is not None:
            raise RefusedError(
                "Převod jednoho či více znaků z XML do cílové kolace nelze provést: "
                f"U+{ord(character):04X} v elementu <{element}>",
                6355,
            )


def _texts(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Every text and attribute value, after the name of its element."""
    for element in root.iter("*"):
        tails = (child.tail for child in element)
        for text in (element.text, *element.attrib.values(), *tails):
            yield element.tag, text or ""


def _first_outside_code_page(text: str) -> str | None:
    try:
        text.encode(_CODE_PAGE)
    except UnicodeEncodeError as error:
        return text[error.start]
    return None
