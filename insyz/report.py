"""The report as the portal hands it over (domain.md, "What the portal hands over").

Only what the pipeline relies on is checked; a field that is not known here is never an error and
never dropped. Nested parts are checked against their models and then kept as they were given,
because INSYZ gets the fields in the portal's own order.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import chain, islice
from typing import Annotated, Any, Self, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import (
    CoreSchema,
    PydanticCustomError,
    PydanticSerializationError,
    core_schema,
    from_json,
    to_json,
)

from insyz.attachments import (
    ATTACHMENT_FIELDS,
    Attachment,
    AttachmentField,
    UnresolvedAttachmentsError,
    attachment_fields,
    resolve,
)
from insyz.bounds import MAX_PROBLEMS, beyond_bounds
from insyz.errors import InvalidReportError, Problem
from insyz.place import in_words

MAX_REPORT_BYTES = 1_900_000
"""Of the report's JSON. Temporal refuses a payload over 2 MiB; the rest is for its envelope."""
MAX_CISLO_ZP_CHARS = 255
MAX_INT = 2**31 - 1
"""`id_zp` and `int_adr` are PostgreSQL `int`."""


def _int_adr(value: Any) -> Any:
    text = str(value).lstrip("_")
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()):
        raise PydanticCustomError("int_adr", "Input should be an INT_ADR: a whole number")
    return value


def _empty_list_is_an_empty_object(value: Any) -> Any:
    """PHP writes an empty array as `[]`, also where an object is meant."""
    return {} if value == [] else value


def _null_is_an_empty_list(value: Any) -> Any:
    """Temporal's HTTP API turns an empty array into null."""
    return [] if value is None else value


class _KeptAsGiven:
    """Checks a value against `part` and keeps the original: its order of fields, its spelling."""

    def __init__(self, part: Any) -> None:
        self.part = part
        self._is_list = get_origin(part) is list

    def __get_pydantic_core_schema__(
        self, _source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            self._check,
            handler.generate_schema(self.part),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda given: given),
        )

    def _check(self, value: Any, handler: Callable[[Any], Any]) -> Any:
        if not self._is_list:
            value = _empty_list_is_an_empty_object(value)
        handler(value)
        return value


class _Part(BaseModel):
    # Built as a part of the report only, which is what a starter's process waits for.
    model_config = ConfigDict(extra="allow", strict=True, defer_build=True)


IntAdr = Annotated[Any, AfterValidator(_int_adr), WithJsonSchema({"type": ["integer", "string"]})]
EmptyListIsObject = BeforeValidator(_empty_list_is_an_empty_object)
Fields = Annotated[dict[str, Any], EmptyListIsObject]
NullIsEmptyList = BeforeValidator(_null_is_an_empty_list)


class Znackar(_Part):
    """A marker who took part."""

    INT_ADR: IntAdr


class Polozka(_Part):
    """An item that a line of the settlement refers to by `id`: a journey, a night, an expense."""

    id: str | int | None = Field(default=None, union_mode="left_to_right")
    Prilohy: Any = None


class SkupinaCest(_Part):
    """A group that travelled together."""

    Ridic: IntAdr | None = None
    SPZ: str | None = Field(default=None, max_length=255)
    Cesty: list[Polozka] | None = None


class DataA(_Part):
    """Part A: journeys, nights and expenses."""

    Skupiny_Cest: list[SkupinaCest] | None = None
    Noclezne: list[Polozka] | None = None
    Vedlejsi_Vydaje: list[Polozka] | None = None
    Presmerovani_Vyplat: Annotated[dict[str, IntAdr] | None, EmptyListIsObject] = None


class Tim(_Part):
    """The state of one tourist information point."""

    Predmety: Annotated[dict[str, Fields] | None, EmptyListIsObject] = None


class DataB(_Part):
    """Part B: the state of information points and the renewed sections."""

    Stavy_Tim: Annotated[dict[str, Annotated[Tim, EmptyListIsObject]] | None, EmptyListIsObject] = (
        None
    )
    Obnovene_Useky: Annotated[dict[str, Fields] | None, EmptyListIsObject] = None


class Vyuctovani(_Part):
    """The settlement of one person."""

    Jizdne: list[Polozka] | None = None
    Noclezne: list[Polozka] | None = None
    Vedlejsi_Vydaje: list[Polozka] | None = None
    Cas_Prace: list[dict[str, Any]] | None = None


PARTS = ("znackari", "data_a", "data_b", "calculation")
_CANONICAL_TYPES = frozenset({str, int, bool, type(None)})
_TO_TEXT = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode

JsonObject = dict[str, Any]
_PLAIN = dict.fromkeys(("dict_type", "model_type"), "Input should be an object")
"""pydantic's words for a type error name Python's types; the portal's people know JSON's."""


class Report(BaseModel):
    """A work report (hlášení) on one work order (ZP)."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    report_id: int | None = None
    id_zp: int = Field(gt=0, le=MAX_INT)
    cislo_zp: str = Field(min_length=1, max_length=MAX_CISLO_ZP_CHARS, pattern=r"\S")
    int_adr: int | None = Field(default=None, gt=0, le=MAX_INT, description="the report's owner")
    submitted_by: int | None = Field(
        default=None, gt=0, le=MAX_INT, description="who pressed the button; the owner by default"
    )
    znackari: Annotated[list[JsonObject], _KeptAsGiven(list[Znackar]), NullIsEmptyList] = []
    data_a: Annotated[JsonObject, _KeptAsGiven(DataA)]
    data_b: Annotated[JsonObject, _KeptAsGiven(DataB)]
    calculation: Annotated[
        JsonObject,
        _KeptAsGiven(dict[str, Annotated[Vyuctovani, EmptyListIsObject]]),
        NullIsEmptyList,
    ] = {}
    attachments: Annotated[list[Attachment], NullIsEmptyList] = []
    resend: int = Field(
        default=0, ge=0, le=1_000, description="how often it was deliberately sent once more"
    )

    @model_validator(mode="after")
    def _somebody_is_responsible(self) -> Self:
        if self.int_adr is None and self.submitted_by is None:
            raise PydanticCustomError("owner", "int_adr or submitted_by must be there")
        return self

    @classmethod
    def parse(cls, value: Any) -> Self:
        """The report in `value`, a JSON object.

        Raises InvalidReportError, with every wrong field.
        """
        if problems := beyond_bounds(value):
            raise InvalidReportError(problems=problems)
        try:
            report = cls.model_validate(value)
        except ValidationError as error:
            raise InvalidReportError(problems=_problems(error)) from None
        if problems := list(islice(report.unresolved_attachments(), MAX_PROBLEMS)):
            raise InvalidReportError(problems=problems)
        return report

    @property
    def owner(self) -> int:
        """INT_ADR in whose name INSYZ books the report (`uzivatel`)."""
        return self.int_adr or self.submitter

    @property
    def submitter(self) -> int:
        """INT_ADR of who pressed the button (`Odeslal`)."""
        submitter = self.submitted_by or self.int_adr
        assert submitter is not None, "checked by _somebody_is_responsible"  # noqa: S101
        return submitter

    @cached_property
    def attachments_by_id(self) -> dict[int, Attachment]:
        return {attachment.id: attachment for attachment in self.attachments}

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of what makes two reports the same to INSYZ, in hex (`submission_key`)."""
        content = {
            "id_zp": self.id_zp,
            "cislo_zp": self.cislo_zp,
            "owner": self.owner,
            "znackari": self.znackari,
            "data_a": self.data_a,
            "data_b": self.data_b,
            "calculation": self.calculation,
            "Prilohy": [attachment.model_dump() for attachment in self.attachments],
        }
        return hashlib.sha256(_TO_TEXT(_canonical(content)).encode()).hexdigest()

    @cached_property
    def attachment_fields_by_part(self) -> dict[str, list[AttachmentField]]:
        """The fields that name attachments, by the part of the report that they are in."""
        return {name: list(attachment_fields(getattr(self, name), (None, name))) for name in PARTS}

    def unresolved_attachments(self) -> Iterator[Problem]:
        """The fields that name attachments which the report does not have."""
        for holder, key, place in chain.from_iterable(self.attachment_fields_by_part.values()):
            try:
                resolve(holder[key], self.attachments_by_id)
            except UnresolvedAttachmentsError as unresolved:
                words = f"attachments that cannot be resolved: {unresolved}"
                yield Problem(in_words((place, key)), words)


def check_size(json_bytes: int) -> None:
    """Raises InvalidReportError, which names the limit."""
    if json_bytes > MAX_REPORT_BYTES:
        raise InvalidReportError(
            f"the report has {json_bytes:,} bytes; the limit is {MAX_REPORT_BYTES:,}"
        )


def check_writable(report: Any) -> None:
    """Raises InvalidReportError when a JSON text of `report` would be too large, or cannot be."""
    try:
        text = to_json(report)
    except PydanticSerializationError:
        raise InvalidReportError("it holds half of a character (a lone surrogate)") from None
    check_size(len(text))


def parse_json(data: bytes | str) -> Any:
    """The value that the JSON text holds.

    Raises InvalidReportError with line and column, or with the limit that the text is over.
    """
    check_size(len(data))
    try:
        return from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidReportError(f"not valid JSON: {error}") from None


def submission_key(report: Report) -> str:
    """What INSYZ knows a submission by: the same for the same content, whatever run sends it.

    A deliberate repetition (`resend`) has a key of its own. Not part of the content: who pressed
    the button, the moment, the attachments' URLs (they carry tokens that change), and differences
    that JSON writers make by themselves (`170` and `170.0`, an empty list or no field).
    Source: insyz-gateway, "Submission key".
    """
    key = f"zp-{report.id_zp}-{report.content_hash[:32]}"
    return f"{key}-r{report.resend}" if report.resend else key


def _canonical(value: Any, *, in_attachments: bool = False) -> Any:
    if isinstance(value, dict):
        kept = {}
        for name, item in value.items():
            if in_attachments and name == "url":
                continue
            if type(item) not in _CANONICAL_TYPES:
                within = in_attachments or name in ATTACHMENT_FIELDS
                item = _canonical(item, in_attachments=within)
            if item or isinstance(item, int):
                kept[name] = item
        return kept
    if isinstance(value, list):
        return [_canonical(item, in_attachments=in_attachments) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _problems(error: ValidationError) -> list[Problem]:
    return [
        Problem(".".join(map(str, detail["loc"])), _PLAIN.get(detail["type"], detail["msg"]))
        for detail in error.errors(include_url=False, include_input=False, include_context=False)
    ]
