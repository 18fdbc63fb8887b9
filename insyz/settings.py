"""Every setting of the worker, once, with the environment variable that sets it.

The connection to Temporal is not here: it is Temporal's own (TEMPORAL_ADDRESS and the rest, read
by `temporalio.envconfig`).
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from insyz.addresses import sends_in_clear
from insyz.environment import FromEnvironment, SettingsError
from insyz.gateway import Delivery
from insyz.setting_types import (
    HeaderSecret,
    HostNames,
    HttpUrl,
    ListenAddress,
    PayloadKeys,
    ProxyUrl,
    Seconds,
    WebhookSecret,
)
from insyz.sql_address import SqlAddress
from insyz.sql_settings import InsyzUrl, SqlLookup, SqlPassword, is_sql, wrong_with_sql
from insyz.sql_strategy import SqlStrategy
from insyz.tls import TlsFileError, TlsFiles

__all__ = ["Settings", "SettingsError", "StoreSettings"]


class StoreSettings(FromEnvironment):
    """Where the portal's reports are; for the worker, and for a starter that reads them."""

    reports_database_url: SecretStr | None = Field(
        default=None, description="the portal's database, `postgresql://…`, or a `sqlite:///` file"
    )
    portal_base_url: HttpUrl | None = Field(
        default=None, description="in front of attachments' paths, to make them addresses"
    )


class Settings(StoreSettings):
    """What the worker needs to know. Durations are in seconds."""

    insyz_url: InsyzUrl = Field(
        description="address of INSYZ's gateway, without `/api/…`, "
        "or of its SQL Server, `mssql://user@host[:port]/database`"
    )
    insyz_token: HeaderSecret | None = Field(
        default=None, validate_default=True, description="bearer token, required with a gateway"
    )
    insyz_ca_file: Path | None = Field(
        default=None, description="authority of INSYZ's certificate, if it is not a public one"
    )
    insyz_client_cert_file: Path | None = Field(
        default=None, description="certificate to show to INSYZ"
    )
    insyz_client_key_file: Path | None = Field(
        default=None, description="its key, if that is not in the same file"
    )
    insyz_proxy: ProxyUrl | None = Field(
        default=None, description="proxy on the way to INSYZ, `http://host:port`"
    )
    insyz_allow_http_to: HostNames | None = Field(
        default=None,
        description="hosts that may be talked to without TLS; this machine always may",
    )
    insyz_delivery: Delivery = Field(
        default=Delivery.LOOKUP, description="what the gateway can do against doubling"
    )
    insyz_sql_password: SqlPassword | None = Field(
        default=None,
        validate_default=True,
        description="of the user in INSYZ_URL, required with a SQL Server",
    )
    insyz_sql_strategy: SqlStrategy = Field(
        default=SqlStrategy.LEDGER, description="how a report is written into the SQL Server"
    )
    insyz_sql_lookup: SqlLookup | None = Field(
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
    insyz_payload_keys: PayloadKeys | None = Field(
        default=None,
        description="encrypt what Temporal keeps: `id:base64` of 32 bytes each, the first one "
        "encrypts, all decrypt",
    )
    insyz_metrics_address: ListenAddress | None = Field(
        default=None, description="`host:port` on which the worker exposes Prometheus metrics"
    )
    outcome_webhook_url: HttpUrl | None = Field(
        default=None, description="gets a signed POST with each outcome"
    )
    outcome_webhook_secret: WebhookSecret | None = Field(
        default=None, description="`whsec_…`, required with OUTCOME_WEBHOOK_URL"
    )
    outcome_webhook_ca_file: Path | None = Field(
        default=None, description="authority of its certificate, if it is not a public one"
    )
    outcome_webhook_client_cert_file: Path | None = Field(
        default=None, description="certificate to show to it"
    )
    outcome_webhook_client_key_file: Path | None = Field(
        default=None, description="its key, if that is not in the same file"
    )
    outcome_webhook_proxy: ProxyUrl | None = Field(
        default=None, description="proxy on the way to it, `http://host:port`"
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

    @property
    def insyz_tls(self) -> TlsFiles:
        return TlsFiles(self.insyz_ca_file, self.insyz_client_cert_file, self.insyz_client_key_file)

    @property
    def outcome_webhook_tls(self) -> TlsFiles:
        return TlsFiles(
            self.outcome_webhook_ca_file,
            self.outcome_webhook_client_cert_file,
            self.outcome_webhook_client_key_file,
        )

    @model_validator(mode="after")
    def _nothing_goes_in_clear(self) -> Self:
        allowed = {host.strip() for host in (self.insyz_allow_http_to or "").lower().split(",")}
        for name in ("insyz_url", "outcome_webhook_url"):
            url = getattr(self, name)
            if url is not None and sends_in_clear(url, allowed):
                raise PydanticCustomError(
                    "clear",
                    "{name}: must be https://, or its host be named in INSYZ_ALLOW_HTTP_TO",
                    {"name": name.upper()},
                )
        return self

    @model_validator(mode="after")
    def _certificates_can_be_used(self) -> Self:
        for prefix, tls in (
            ("INSYZ", self.insyz_tls),
            ("OUTCOME_WEBHOOK", self.outcome_webhook_tls),
        ):
            try:
                tls.check()
            except TlsFileError as error:
                line = f"{prefix}_{error.file}: {error}"
                raise PydanticCustomError("tls", "{line}", {"line": line}) from None
        return self

    @field_validator("insyz_token", "insyz_sql_password")
    @classmethod
    def _the_transport_has_its_secret(
        cls, value: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        needed = "insyz_sql_password" if is_sql(info.data.get("insyz_url", "")) else "insyz_token"
        if value is None and info.field_name == needed:
            raise PydanticCustomError("missing", "not set")
        return value

    @model_validator(mode="after")
    def _a_sql_server_can_be_spoken_to(self) -> Self:
        wrong = is_sql(self.insyz_url) and wrong_with_sql(
            self.insyz_url,
            ca_file=self.insyz_ca_file,
            strategy=self.insyz_sql_strategy,
            lookup=self.insyz_sql_lookup,
        )
        if wrong:
            raise PydanticCustomError("transport", "{wrong}", {"wrong": wrong})
        return self

    @property
    def sql_address(self) -> SqlAddress | None:
        """Of INSYZ's SQL Server; None where a gateway stands before it."""
        return SqlAddress.parse(self.insyz_url) if is_sql(self.insyz_url) else None

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
