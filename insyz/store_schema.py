"""The portal's tables, as domain.md gives them. They are the portal's: used here, never altered."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
)

METADATA = MetaData()

# An id is a `bigint`, but SQLite only gives ids by itself to a column declared as INTEGER.
_ID = BigInteger().with_variant(Integer, "sqlite")

REPORTS = Table(
    "reports",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("id_zp", Integer, unique=True, nullable=False),
    Column("cislo_zp", String(255), nullable=False),
    Column("int_adr", Integer),
    Column("znackari", JSON),
    Column("data_a", JSON),
    Column("data_b", JSON),
    Column("calculation", JSON),
    Column("state", String(20), nullable=False),
    Column("history", JSON),
    Column("date_send", DateTime),
    Column("date_created", DateTime),
    Column("date_updated", DateTime),
)

FILE_ATTACHMENTS = Table(
    "file_attachments",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("original_name", String(255)),
    Column("mime_type", String(100)),
    Column("size", BigInteger),
    Column("path", String(500)),
    Column("public_url", String(500)),
    Column("is_public", Boolean),
)
