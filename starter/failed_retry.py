"""Starting failed reports anew."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus

from insyz.errors import InvalidReportError
from insyz.secret_files import is_given
from starter.bulk import Tally, each
from starter.listing import id_zp_of
from starter.runs import input_of, latest_run
from starter.submission import AlreadySubmittedError, Started, submit
from workflows.contract import Status

if TYPE_CHECKING:
    from insyz.store import ReportStore


@asynccontextmanager
async def store_in_use() -> AsyncIterator["ReportStore | None"]:
    """The portal's database where the environment names one.

    Raises SettingsError, or StoreError when it is of no use at the moment.
    """
    if not is_given("REPORTS_DATABASE_URL"):
        yield None
        return
    from starter.stored import portal_store

    async with portal_store() as store:
        await store.check()
        yield store


async def retry_each(
    client: Client,
    workflow_ids: Iterable[str],
    store: "ReportStore | None",
    tally: Tally,
    done: Callable[[], None],
) -> None:
    """Retries all of them, calls `done` after each; one that does not start stops no other.

    Raises TemporalUnreachableError; `tally` says how far it came.
    """

    async def one(workflow_id: str) -> None:
        name = str(id_zp_of(workflow_id) or workflow_id)
        await tally.add(name, retry_failed(client, workflow_id, store))
        done()

    await each(workflow_ids, one)


async def retry_failed(client: Client, workflow_id: str, store: "ReportStore | None") -> Started:
    """Starts a failed report anew, or says of one that has not failed what it does.

    As it stands in the portal's table now, where there is one that holds it, so that edits are
    taken and the table follows; otherwise just as it was: under the same submission key, by which
    INSYZ is asked for it first. Raises what `submit` raises, UnknownReportError and StoreError.
    """
    there = await latest_run(client, workflow_id)
    id_zp = id_zp_of(workflow_id)
    if there.status is WorkflowExecutionStatus.COMPLETED:
        raise AlreadySubmittedError(Status(id_zp=id_zp))
    if there.status is WorkflowExecutionStatus.RUNNING:
        return Started(Status(id_zp=id_zp), workflow_id, there.run_id, joined=True, client=client)
    stored = await store.by_id_zp(id_zp) if store and id_zp else None
    if store is None or stored is None:
        return await submit(await input_of(client, there), client=client)
    from starter.stored import submit_stored

    who = await _submitter(client, there)
    return await submit_stored(store, stored.id, client=client, submitted_by=who)


async def _submitter(client: Client, run: WorkflowExecutionDescription) -> int | None:
    """Who pressed the button: the operator who mends things did not."""
    with suppress(InvalidReportError):
        who = (await input_of(client, run)).get("submitted_by")
        return who if isinstance(who, int) else None
    return None
