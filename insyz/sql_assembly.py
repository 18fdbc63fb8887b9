"""The SQL transport, put together as the settings ask; imported only where its driver is there."""

from insyz.settings import Settings
from insyz.sql_driver import Login
from insyz.sql_execute_only import ExecuteOnly
from insyz.sql_gateway import SqlGateway, Strategy
from insyz.sql_ledger import Ledger
from insyz.sql_lookup import OrderLookup
from insyz.sql_strategy import SqlStrategy


def sql_gateway(settings: Settings) -> SqlGateway:
    """The gateway that settings with an address of a SQL Server ask for."""
    address, password = settings.sql_address, settings.insyz_sql_password
    assert address is not None  # noqa: S101 (the caller has looked)
    assert password is not None  # noqa: S101 (the settings see to it)
    ca_file = settings.insyz_ca_file
    return SqlGateway(
        Login(address, password, str(ca_file) if ca_file else None),
        strategy_for(
            settings.insyz_sql_strategy,
            lookup=settings.insyz_sql_lookup,
            settle_secs=settings.insyz_settle_secs,
            request_secs=settings.insyz_request_secs,
        ),
        connect_secs=settings.insyz_connect_secs,
        request_secs=settings.insyz_request_secs,
    )


def strategy_for(
    name: SqlStrategy, *, lookup: str | None, settle_secs: float, request_secs: float
) -> Strategy:
    """The strategy of that name; `lookup` as in INSYZ_SQL_LOOKUP. Raises LookupSettingError."""
    if name is SqlStrategy.LEDGER:
        return Ledger()
    order = OrderLookup.parse(lookup) if lookup else None
    return ExecuteOnly(lookup=order, settle_secs=settle_secs, request_secs=request_secs)
