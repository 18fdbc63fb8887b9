"""Starts the naive worker, has it do the report in the file named, and ends it."""

import asyncio
import json
import os
import sys
from pathlib import Path

from temporalio.client import Client

from bench.naive import TASK_QUEUE, WORKFLOW


async def main() -> None:
    worker = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.naive")
    try:
        report = json.loads(Path(sys.argv[1]).read_text("utf-8"))  # noqa: ASYNC240 (nothing else runs)
        client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
        id_ = f"bare-cold-{report['id_zp']}"
        await client.execute_workflow(WORKFLOW, report, id=id_, task_queue=TASK_QUEUE)
    finally:
        worker.kill()


asyncio.run(main())
