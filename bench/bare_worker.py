"""The least worker that the SDK can make: what ours is weighed against.

`python -m bench.bare_worker [MODULE…]` loads these besides.
"""

import asyncio
import importlib
import os
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

import bench.as_shipped  # noqa: F401


@activity.defn
async def nothing() -> None:
    return None


@workflow.defn
class Bare:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(nothing, start_to_close_timeout=timedelta(seconds=10))


async def main() -> None:
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    await Worker(client, task_queue="bare", workflows=[Bare], activities=[nothing]).run()


if __name__ == "__main__":
    for name in sys.argv[1:]:
        importlib.import_module(name)
    asyncio.run(main())
