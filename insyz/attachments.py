"""Attachments and the fields that name them (domain.md, "Prilohy*").

A field names its attachments in one of three ways: a list of ids, a list of whole attachment
objects, or an object of these keyed by id. Ids are looked up in the report's `attachments`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from insyz.place import Place

CONTAINER = (dict, list)
MAX_NAMED = 1_000
ATTACHMENT_FIELDS = frozenset(
    {"Prilohy", "Prilohy_NP", "Prilohy_TIM", "Prilohy_Usek", "Prilohy_Mapa"}
)

AttachmentField: TypeAlias = tuple[dict[str, Any], str, Place]
"""What holds the field, its key there, and the place of what holds it."""


class Attachment(BaseModel):
    """A file that the portal keeps and INSYZ fetches by `url`. `fileSize` is in bytes."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, defer_build=True)

    id: int
    fileName: str | None = None  # noqa: N815 (the portal's name, as on the wire)
    fileType: str | None = Field(default=None, max_length=255)  # noqa: N815
    fileSize: int | None = Field(default=None, ge=0)  # noqa: N815
    url: str = Field(min_length=1, max_length=8_192)


class UnresolvedAttachmentsError(Exception):
    """A field names attachments that cannot be found; `named` says which, or what is wrong. The
    text has room for MAX_NAMED of them."""

    def __init__(self, named: list[str]) -> None:
        self.named = named
        words = ", ".join(named[:MAX_NAMED])
        more = len(named) - MAX_NAMED
        super().__init__(f"{words} and {more:,} more" if more > 0 else words)


def resolve(field: Any, known: Mapping[int, Attachment]) -> list[Attachment]:
    """The attachments that a `Prilohy*` field names: ids once each and ascending, objects as given.

    Raises UnresolvedAttachmentsError, with all that cannot be resolved.
    """
    items = list(field.values()) if isinstance(field, dict) else field
    if not items:
        return []
    if not isinstance(items, list):
        raise UnresolvedAttachmentsError([f"{items!r:.40} (neither a list nor an object)"])
    found: list[Attachment] = []
    unresolved: list[str] = []
    for item in items:
        one = _find(item, known)
        if isinstance(one, str):
            unresolved.append(one)
        else:
            found.append(one)
    if unresolved:
        raise UnresolvedAttachmentsError(unresolved)
    if any(isinstance(item, dict) for item in items):
        return found
    by_id = {attachment.id: attachment for attachment in found}
    return [by_id[id_] for id_ in sorted(by_id)]


def _find(item: Any, known: Mapping[int, Attachment]) -> Attachment | str:
    """The attachment, or the words for what could not be resolved."""
    if type(item) is int:  # as most are
        return known.get(item) or str(item)
    if isinstance(item, dict):
        return _from_object(item)
    id_ = _as_id(item)
    if id_ is None:
        return f"{item!r:.40} (not an attachment id)"
    return known.get(id_, str(id_))


def _from_object(item: dict[str, Any]) -> Attachment | str:
    try:
        return Attachment.model_validate(item)
    except ValidationError as error:
        wrong = ", ".join(sorted({str(part["loc"][0]) for part in error.errors()}))
        return f"{item.get('id')!r:.40} (wrong or missing: {wrong})"


def attachment_fields(value: Any, place: Place) -> Iterator[AttachmentField]:
    """Every `Prilohy*` field in `value`, which stands at `place`; `metadata` is internal and never
    sent."""
    containers = [(value, place)]
    for container, inside in containers:  # which grows while this goes on
        if isinstance(container, list):
            items = enumerate(container)
            containers += [(item, (inside, i)) for i, item in items if isinstance(item, CONTAINER)]
            continue
        for key, inner in container.items():
            if key in ATTACHMENT_FIELDS:
                yield container, key, inside
            elif type(inner) in CONTAINER and key != "metadata":
                containers.append((inner, (inside, key)))


def named_ids(value: Any) -> set[int]:
    """The ids that the `Prilohy*` fields in `value` name; whole objects need no look-up."""
    ids: set[int] = set()
    for holder, key, _ in attachment_fields(value, None):
        field = holder[key]
        items = field.values() if isinstance(field, dict) else field
        if isinstance(items, Iterable) and not isinstance(items, str):
            ids |= {id_ for item in items if (id_ := _as_id(item)) is not None}
    return ids


def _as_id(item: Any) -> int | None:
    if isinstance(item, str) and item.isascii() and item.isdigit() and len(item) < 20:
        return int(item)
    return item if isinstance(item, int) and not isinstance(item, bool) else None
