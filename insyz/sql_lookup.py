"""Whether a report is in, told by the state of its work order (INSYZ_SQL_LOOKUP).

For installations that may add nothing to the database. Two ways to say it:

    SELECT CASE WHEN Stav >= 3 THEN 1 ELSE 0 END FROM trasy.ZP WHERE ID_ZP = @id_zp
    trasy.ZP_Detail Stav=Odesláno,Přijato

The first is a query with @id_zp in it: the first column of its first row is 1 (in) or 0 (not in).
The second names a procedure that is called with the id, a column of its first row, and the values
by which the report is in. Anything else, no row included, is no answer.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

from insyz.errors import OutcomeUnknownError
from insyz.sql_answers import BrokenError

MAX_CHARS = 4_000
_PROCEDURE = re.compile(
    r"(?P<procedure>\w{1,128}(?:\.\w{1,128}){1,2})\s+(?P<column>\w{1,128})=(?P<values>[^=]+)"
)
_KEY = re.compile(r"zp-(?P<id_zp>\d{1,10})-[0-9a-f]+(?P<resend>-r\d+)?")


class LookupSettingError(ValueError):
    """INSYZ_SQL_LOOKUP is neither of the two."""


@dataclass(frozen=True, slots=True)
class OrderLookup:
    """`statement` takes `%(id_zp)s`; the report is in when `column` (None: the first) is one of
    `values`, and is not when it is one of `others` (None: whenever it is none of `values`)."""

    statement: str
    values: Collection[str]
    column: str | None = None
    others: Collection[str] | None = None

    @classmethod
    def parse(cls, setting: str) -> Self:
        """Raises LookupSettingError."""
        text = setting.strip()
        if len(text) > MAX_CHARS:
            raise LookupSettingError(f"has more than {MAX_CHARS} characters")
        if called := _PROCEDURE.fullmatch(text):
            values = frozenset(value.strip() for value in called["values"].split(","))
            return cls(f"EXEC {called['procedure']} %(id_zp)s", values, called["column"])
        if "@id_zp" not in text:
            raise LookupSettingError(
                "must be a query with @id_zp in it, or PROCEDURE COLUMN=VALUE,VALUE"
            )
        # The driver takes a bare % for the start of a parameter's place.
        query = text.replace("%", "%%")
        return cls(f"DECLARE @id_zp int = %(id_zp)s; {query}", {"1"}, others={"0"})

    def order_of(self, key: str) -> int:
        """The work order of a submission. Raises OutcomeUnknownError where it cannot tell."""
        known = _KEY.fullmatch(key)
        if known is None:
            raise OutcomeUnknownError("the submission key does not name a work order")
        if known["resend"]:
            raise OutcomeUnknownError(
                "a work order's state does not tell a repeated submission from the first one"
            )
        return int(known["id_zp"])

    def says_in(self, row: Mapping[str, Any] | None) -> bool:
        """Raises BrokenError when `row`, the statement's first one, is no answer."""
        value = _state(row, self.column)
        if value not in self.values and self.others is not None and value not in self.others:
            raise BrokenError(f"INSYZ_SQL_LOOKUP answered {value!r:.40} instead of 0 or 1")
        return value in self.values


def _state(row: Mapping[str, Any] | None, column: str | None) -> str:
    """Raises BrokenError when there is none."""
    if not row:
        raise BrokenError("INSYZ_SQL_LOOKUP answered without a row")
    name = next(iter(row)) if column is None else column
    value = row.get(name)
    if value is None:
        raise BrokenError(f"INSYZ_SQL_LOOKUP answered without a value of {name}")
    return str(int(value)) if isinstance(value, bool) else str(value).strip()
