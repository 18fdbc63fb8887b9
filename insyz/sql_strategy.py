"""The ways of writing a report into INSYZ's SQL Server, by the name that a setting gives them."""

from enum import StrEnum


class SqlStrategy(StrEnum):
    """What the DBA is ready to install decides (docs/sqlserver.md)."""

    LEDGER = "ledger"
    """Through a wrapper procedure that books the submission key: INSYZ can be asked by it."""
    EXECUTE_ONLY = "execute-only"
    """Nothing but EXECUTE on `trasy.ZP_Zapis_XML`: a lost COMMIT is for a person to look into."""
