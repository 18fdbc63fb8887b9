"""What the settings of the SQL transport may be, and what they need of one another."""

from importlib.util import find_spec
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from insyz.addresses import http_url
from insyz.sql_address import MAX_NAME_CHARS, SCHEME, SqlAddress
from insyz.sql_lookup import OrderLookup
from insyz.sql_strategy import SqlStrategy


def is_sql(url: str) -> bool:
    """Whether it is the address of a SQL Server, sound or not."""
    return url.partition(":")[0].lower() == SCHEME


def _insyz_url(value: str) -> str:
    """What is wrong with the address of a SQL Server is said by `wrong_with_sql`: which secret is
    missing does not depend on it."""
    try:
        return value if is_sql(value) else http_url(value)
    except ValueError as error:
        raise PydanticCustomError("address", "{words}", {"words": str(error)}) from None


def _order_lookup(value: str) -> str:
    try:
        OrderLookup.parse(value)
    except ValueError as error:
        raise PydanticCustomError("lookup", "{words}", {"words": str(error)}) from None
    return value


InsyzUrl = Annotated[str, AfterValidator(_insyz_url)]
SqlPassword = Annotated[SecretStr, Field(max_length=MAX_NAME_CHARS)]
SqlLookup = Annotated[str, AfterValidator(_order_lookup)]


def wrong_with_sql(
    url: str, *, ca_file: object, strategy: SqlStrategy, lookup: str | None
) -> str | None:
    """Why the transport cannot be built; None where it can."""
    try:
        address = SqlAddress.parse(url)
    except ValueError as error:
        return f"INSYZ_URL: {error}"
    if find_spec("pytds") is None:
        return "INSYZ_URL: mssql:// needs the extra insyz-pipeline[sqlserver]"
    if not address.is_loopback and not ca_file:
        return "INSYZ_CA_FILE: not set, and without it nothing vouches for the SQL Server"
    if lookup and strategy is not SqlStrategy.EXECUTE_ONLY:
        return "INSYZ_SQL_LOOKUP: only with INSYZ_SQL_STRATEGY=execute-only; ledger has its own"
    return None
