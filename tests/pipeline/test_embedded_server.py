"""What the embedded server does without, and that nobody misses it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from temporalio.client import Client

from simulator.server import Simulator
from starter import submit, wait_for_result
from starter.embedded import prepare
from starter.run_indexes import ASKED, drop_needless_indexes
from starter.setup import missing_search_attributes
from tests.conftest import TOKEN
from tests.support import SCALED_DOWN, TemporalServer, a_report, eventually, worker_process
from workflows.contract import State, workflow_id

LOCKED_SECS = 2.0


def indexes(db_file: Path) -> set[str]:
    with closing(sqlite3.connect(db_file)) as database:
        listed = database.execute("PRAGMA index_list(executions_visibility)")
        return {name for _, name, _, origin, _ in listed if origin == "c"}


@asynccontextmanager
async def prepared(folder: Path) -> AsyncIterator[Client]:
    """A server on a new file, as `insyz server` has it."""
    server = TemporalServer(folder, db_file=folder / "temporal.db", search_attributes=True)
    try:
        await server.start()
        client = await server.connect()
        await prepare(client, folder / "temporal.db")
        yield client
    finally:
        await server.kill()


async def test_of_sixty_indexes_three_are_left_and_the_second_time_there_is_nothing_to_drop(
    tmp_path: Path,
) -> None:
    async with prepared(tmp_path):
        assert indexes(tmp_path / "temporal.db") == ASKED
        assert drop_needless_indexes(tmp_path / "temporal.db") == []


async def test_with_three_indexes_each_question_is_answered_as_before(
    tmp_path: Path, insyz: Simulator
) -> None:
    report = a_report()
    async with prepared(tmp_path) as client, worker_process(insyz.url, TOKEN, **SCALED_DOWN):
        ended = await wait_for_result(await submit(report, client=client), 20)
        assert ended is not None
        assert ended.state is State.SUBMITTED
        for query in (
            f'WorkflowId="{workflow_id(report["id_zp"])}"',
            'WorkflowType="SubmitReport" AND ExecutionStatus="Completed"',
            'TaskQueue="insyz" AND CloseTime > "2020-01-01T00:00:00Z"',
            'StartTime > "2020-01-01T00:00:00Z" AND ExecutionDuration > "1ms"',
            f"InsyzIdZp = {report['id_zp']} AND InsyzTries = 1",
            f'InsyzCisloZp = "{report["cislo_zp"]}" AND InsyzState = "submitted"',
            'InsyzPhase = "taken" AND InsyzErrorType IS NULL AND InsyzSubmittedBy = 4133',
            'InsyzNextTry > "2020-01-01T00:00:00Z"',
        ):

            async def is_found(query: str = query) -> None:
                found = [run.id async for run in client.list_workflows(query)]
                assert found == [workflow_id(report["id_zp"])], query

            await eventually(is_found)


async def test_a_new_namespace_knows_our_search_attributes_from_its_first_moment(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = TemporalServer(tmp_path, search_attributes=True)
    try:
        await server.start()
        client = await server.connect()
        assert await missing_search_attributes(client) == []
        started = await submit(a_report(), client=client)
        described = await client.get_workflow_handle(started.workflow_id).describe()
        assert len(described.typed_search_attributes) > 0
        assert not caplog.records
    finally:
        await server.kill()


async def test_a_state_file_of_an_older_release_is_brought_up_to_date(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It has none of our attributes, and all indexes. Whoever submits right after the server is
    ready finds it whole."""
    older = TemporalServer(tmp_path, db_file=tmp_path / "temporal.db")
    try:
        await older.start()
    finally:
        await older.kill()
    assert len(indexes(tmp_path / "temporal.db")) > 50
    async with prepared(tmp_path) as client:
        assert indexes(tmp_path / "temporal.db") == ASKED
        started = await submit(a_report(), client=client)
        described = await client.get_workflow_handle(started.workflow_id).describe()
        assert len(described.typed_search_attributes) > 0
        assert not caplog.records


async def test_a_file_that_another_process_writes_into_makes_the_server_wait_and_not_fail(
    tmp_path: Path,
) -> None:
    async with prepared(tmp_path) as client:
        with closing(sqlite3.connect(tmp_path / "temporal.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            submitting = asyncio.create_task(submit(a_report(), client=client))
            done, _ = await asyncio.wait({submitting}, timeout=LOCKED_SECS)
            assert not done
            other.rollback()
        assert (await submitting).workflow_id
    assert "SQLITE_BUSY" not in (tmp_path / "temporal.log").read_text(encoding="utf-8")


async def test_an_index_that_cannot_be_dropped_does_not_keep_the_server_from_its_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with prepared(tmp_path) as client:
        elsewhere = tmp_path / "missing.db"
        await prepare(client, elsewhere)
        assert f"slower than it could: {elsewhere}" in capsys.readouterr().err
        assert not elsewhere.exists()
