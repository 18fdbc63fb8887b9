"""The least worker that the SDK can make: what ours is weighed against."""

import asyncio
import os
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker


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
    asyncio.run(main())
