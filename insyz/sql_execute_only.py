"""Strategy `execute-only`: nothing but EXECUTE on `trasy.ZP_Zapis_XML`.

The transaction is ours: begin, call, commit, as three requests. Whatever fails before the third is
undone by the server; only a COMMIT without an answer leaves the outcome unknown.

The procedure might end our transaction itself. A row in a temporary table, written within it, tells
what became of it: still there, the transaction was committed (51004, outcome unknown); gone, it was
rolled back, and the procedure's own error stands.
"""

from collections.abc import Sequence

from insyz.errors import OutcomeUnknownError
from insyz.gateway import Delivery, Receipt, Submission
from insyz.sql_answers import Phase
from insyz.sql_lookup import OrderLookup
from insyz.sql_session import SqlSession

BEGIN = """\
SET XACT_ABORT, NOCOUNT ON;
SET LOCK_TIMEOUT {lock_ms};
CREATE TABLE #ZP_Podani (Trva bit NOT NULL);
BEGIN TRANSACTION;
INSERT INTO #ZP_Podani (Trva) VALUES (1);"""

CALL = """\
DECLARE @kod int;
BEGIN TRY
    EXEC @kod = trasy.ZP_Zapis_XML @Data_XML = %(xml)s, @Uzivatel = %(uzivatel)s;
    IF @kod <> 0
        THROW 51006, N'ZP_Zapis_XML: a return code other than 0', 1;
    IF @@TRANCOUNT <> 1 OR XACT_STATE() <> 1
        THROW 51005, N'ZP_Zapis_XML: the transaction is not as it was', 1;
END TRY
BEGIN CATCH
    IF XACT_STATE() <> 0 ROLLBACK TRANSACTION;
    IF EXISTS (SELECT 1 FROM #ZP_Podani)
        THROW 51004, N'ZP_Zapis_XML: the transaction was committed inside', 1;
    THROW;
END CATCH;"""

COMMIT = "COMMIT TRANSACTION;"


class ExecuteOnly:
    """Blind, unless `lookup` can tell from the work order's state whether the report is in.

    `request_secs` bounds the whole submission: a lock is waited for half as long, so that the
    server's definite answer comes first.
    """

    procedures: Sequence[str] = ("trasy.ZP_Zapis_XML",)

    def __init__(
        self, *, lookup: OrderLookup | None, settle_secs: float, request_secs: float
    ) -> None:
        self.delivery = Delivery.LOOKUP if lookup else Delivery.BLIND
        self.settle_secs = settle_secs
        self._lookup = lookup
        self._begin = BEGIN.format(lock_ms=int(request_secs * 500))

    async def submit(self, session: SqlSession, submission: Submission) -> Receipt:
        await session.run(Phase.ASKING, self._begin)
        call = {"xml": submission.xml, "uzivatel": submission.uzivatel}
        await session.run(Phase.UNDOABLE, CALL, call)
        await session.run(Phase.COMMITTING, COMMIT)
        return Receipt({"key": submission.key})

    async def find(self, session: SqlSession, key: str) -> Receipt | None:
        if self._lookup is None:
            raise OutcomeUnknownError("there is no look-up: INSYZ_SQL_LOOKUP is not set")
        id_zp = self._lookup.order_of(key)
        row = await session.run(Phase.ASKING, self._lookup.statement, {"id_zp": id_zp})
        return Receipt({"key": key, "id_zp": id_zp}) if self._lookup.says_in(row) else None
