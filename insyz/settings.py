"""Every setting of the worker, once, with the environment variable that sets it.

The connection to Temporal is not here: it is Temporal's own (TEMPORAL_ADDRESS and the rest, read
by `temporalio.envconfig`).
"""

import base64
import binascii
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from insyz.gateway import Delivery
from insyz.sql_address import MAX_NAME_CHARS, SCHEME, AddressError, SqlAddress
from insyz.sql_lookup import LookupSettingError, OrderLookup
from insyz.sql_strategy import SqlStrategy


class SettingsError(Exception):
    """Settings are missing or wrong; the text names each variable on a line of its own."""


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise PydanticCustomError("url", "must be an http:// or https:// address")
    if parts.username or parts.password:
        raise PydanticCustomError("url", "must not hold credentials")
    return value.rstrip("/")


def _is_sql(url: str) -> bool:
    return urlsplit(url).scheme == SCHEME


def _insyz_url(value: str) -> str:
    return value if _is_sql(value) else _http_url(value)


def _listen_address(value: str) -> str:
    parts = urlsplit(f"//{value}")
    try:
        ip_address(parts.hostname or "")
        listens = bool(parts.port) and parts.netloc == value
    except ValueError:
        listens = False
    if not listens:
        raise PydanticCustomError("address", "must be an IP address and a port: 127.0.0.1:9464")
    return value


def _header_value(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    # A short one would stand in ordinary words, from which it is blotted out.
    if len(text) < MIN_TOKEN_CHARS or not text.isascii() or not text.isprintable():
        raise PydanticCustomError("token", "must be printable ASCII text of 8 characters or more")
    return value


def _order_lookup(value: str) -> str:
    try:
        OrderLookup.parse(value)
    except LookupSettingError as error:
        raise PydanticCustomError("lookup", str(error)) from None
    return value


def _webhook_secret(value: SecretStr) -> SecretStr:
    try:
        key = base64.b64decode(value.get_secret_value().removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < MIN_WEBHOOK_KEY_BYTES:
        raise PydanticCustomError("secret", "must be whsec_ and at least 24 bytes in base64")
    return value


MIN_TOKEN_CHARS = 8
MIN_WEBHOOK_KEY_BYTES = 24
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class _FromEnvironment(BaseSettings):
    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Settings from the environment. Raises SettingsError."""
        try:
            return cls(**overrides)
        except ValidationError as error:
            raise SettingsError("\n".join(_lines(error))) from None


class StoreSettings(_FromEnvironment):
    """Where the portal's reports are; for the worker, and for a starter that reads them."""

    reports_database_url: SecretStr | None = Field(
        default=None, description="the portal's database, `postgresql://…`, or a `sqlite:///` file"
    )
    portal_base_url: Annotated[str, AfterValidator(_http_url)] | None = Field(
        default=None, description="in front of attachments' paths, to make them addresses"
    )


class Settings(StoreSettings):
    """What the worker needs to know. Durations are in seconds."""

    insyz_url: Annotated[str, AfterValidator(_insyz_url)] = Field(
        description="address of INSYZ's gateway, without `/api/…`, "
        "or of its SQL Server, `mssql://user@host[:port]/database`"
    )
    insyz_token: Annotated[SecretStr, AfterValidator(_header_value)] | None = Field(
        default=None, validate_default=True, description="bearer token, required with a gateway"
    )
    insyz_delivery: Delivery = Field(
        default=Delivery.LOOKUP, description="what the gateway can do against doubling"
    )
    insyz_sql_password: Annotated[SecretStr, Field(max_length=MAX_NAME_CHARS)] | None = Field(
        default=None,
        validate_default=True,
        description="of the user in INSYZ_URL, required with a SQL Server",
    )
    insyz_sql_ca_file: FilePath | None = Field(
        default=None,
        description="who vouches for the SQL Server, as PEM; required unless it is on this machine",
    )
    insyz_sql_strategy: SqlStrategy = Field(
        default=SqlStrategy.LEDGER, description="how a report is written into the SQL Server"
    )
    insyz_sql_lookup: Annotated[str, AfterValidator(_order_lookup)] | None = Field(
        default=None, description="with `execute-only`: tells whether a work order's report is in"
    )
    insyz_connect_secs: Seconds = Field(default=10, description="making one connection")
    insyz_request_secs: Seconds = Field(
        default=30, description="one request to INSYZ, from the first byte to the last"
    )
    insyz_try_secs: Seconds = Field(
        default=60, description="one try of the submission, all in all (start-to-close)"
    )
    insyz_settle_secs: float = Field(
        default=30,
        ge=0,
        le=3_600,
        description="a look-up that finds nothing counts this long after an unanswered request",
    )
    insyz_retry_first_secs: Seconds = Field(
        default=1, description="before the first of the three quick retries; then doubling"
    )
    insyz_patience_first_secs: Seconds = Field(
        default=60, description="before the first patient retry; then doubling"
    )
    insyz_patience_max_secs: Seconds = Field(
        default=900, description="at most this long between two patient retries"
    )
    insyz_patience_hours: float = Field(
        default=24, ge=0, le=720, description="how long patient retries go on; 0 turns them off"
    )
    insyz_max_concurrent: int = Field(
        default=50, ge=1, le=1_000, description="submissions under way at a time in one worker"
    )
    insyz_max_per_second: float | None = Field(
        default=None, gt=0, le=10_000, description="submissions begun a second, by all workers"
    )
    insyz_metrics_address: Annotated[str, AfterValidator(_listen_address)] | None = Field(
        default=None, description="`host:port` on which the worker exposes Prometheus metrics"
    )
    outcome_webhook_url: Annotated[str, AfterValidator(_http_url)] | None = Field(
        default=None, description="gets a signed POST with each outcome"
    )
    outcome_webhook_secret: Annotated[SecretStr, AfterValidator(_webhook_secret)] | None = Field(
        default=None, description="`whsec_…`, required with OUTCOME_WEBHOOK_URL"
    )
    log_format: Literal["text", "json"] = Field(default="text", description="of the worker's log")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="of the worker's log"
    )

    @model_validator(mode="after")
    def _a_webhook_is_signed(self) -> Self:
        if self.outcome_webhook_url and not self.outcome_webhook_secret:
            raise PydanticCustomError(
                "webhook", "OUTCOME_WEBHOOK_SECRET must be set with OUTCOME_WEBHOOK_URL"
            )
        return self

    @field_validator("insyz_token", "insyz_sql_password")
    @classmethod
    def _the_transport_has_its_secret(
        cls, value: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        needed = "insyz_sql_password" if _is_sql(info.data.get("insyz_url", "")) else "insyz_token"
        if value is None and info.field_name == needed:
            raise PydanticCustomError("missing", "not set")
        return value

    @model_validator(mode="after")
    def _a_sql_server_can_be_spoken_to(self) -> Self:
        if wrong := _wrong_for_sql(self):
            raise PydanticCustomError("transport", wrong)
        return self

    @property
    def sql_address(self) -> SqlAddress | None:
        """Of INSYZ's SQL Server; None where a gateway stands before it."""
        return SqlAddress.parse(self.insyz_url) if _is_sql(self.insyz_url) else None

    @model_validator(mode="after")
    def _timeouts_are_nested(self) -> Self:
        """A try must be dead before the next one starts (insyz-gateway, "Time")."""
        if not self.insyz_connect_secs <= self.insyz_request_secs <= self.insyz_try_secs * 2 / 3:
            raise PydanticCustomError(
                "nesting",
                "INSYZ_CONNECT_SECS must be at most INSYZ_REQUEST_SECS, "
                "and that at most two thirds of INSYZ_TRY_SECS",
            )
        return self


def _wrong_for_sql(settings: Settings) -> str | None:
    """Why the transport cannot be built; None where it can, or is not asked for."""
    try:
        address = settings.sql_address
    except AddressError as error:
        return f"INSYZ_URL: {error}"
    if address is None:
        return None
    if find_spec("pytds") is None:
        return "INSYZ_URL: mssql:// needs the extra insyz-pipeline[sqlserver]"
    if not address.is_loopback and not settings.insyz_sql_ca_file:
        return "INSYZ_SQL_CA_FILE: not set, and without it nothing vouches for the SQL Server"
    if settings.insyz_sql_lookup and settings.insyz_sql_strategy is not SqlStrategy.EXECUTE_ONLY:
        return "INSYZ_SQL_LOOKUP: only with INSYZ_SQL_STRATEGY=execute-only; ledger has its own"
    return None


def _lines(error: ValidationError) -> list[str]:
    """Never the value itself: it may be a secret."""
    wrong = error.errors(include_url=False, include_input=False, include_context=False)
    return [
        f"{detail['loc'][0]!s}".upper() + f": {_PLAIN.get(detail['type'], detail['msg'])}"
        if detail["loc"]
        else detail["msg"]
        for detail in wrong
    ]


_PLAIN = {"missing": "not set"}
