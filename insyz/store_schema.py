"""The portal's tables, as domain.md gives them. They are the portal's: used here, never altered.

Timestamps are without a zone; the portal writes them in UTC, and so does this project.
"""

import json
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects.postgresql import JSON as POSTGRESQL_JSON

METADATA = MetaData()


class Json(TypeDecorator[Any]):
    """A `json` column (not `jsonb`): the order of keys and the letters stay as they are."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "postgresql":
            # none_as_null, and no decoding by the driver: both databases give the same text.
            return dialect.type_descriptor(POSTGRESQL_JSON())
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if dialect.name == "postgresql" or value is None:
            return value
        return json.dumps(value, ensure_ascii=False)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        return json.loads(value) if isinstance(value, str) else value


REPORTS = Table(
    "reports",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id_zp", Integer, unique=True, nullable=False),
    Column("cislo_zp", String(255), nullable=False),
    Column("int_adr", Integer),
    Column("znackari", Json),
    Column("data_a", Json),
    Column("data_b", Json),
    Column("calculation", Json),
    Column("state", String(20), nullable=False),
    Column("history", Json),
    Column("date_send", DateTime),
    Column("date_created", DateTime),
    Column("date_updated", DateTime),
)

FILE_ATTACHMENTS = Table(
    "file_attachments",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("original_name", String(255)),
    Column("mime_type", String(100)),
    Column("size", Integer),
    Column("path", String(500)),
    Column("public_url", String(500)),
    Column("is_public", Boolean),
)
