"""Starts a workflow with the report in the file named: the least a starter can be."""

import asyncio
import json
import os
import sys

from temporalio.client import Client


async def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: ASYNC230, PTH123
        report = json.load(file)
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    name, queue = "SubmitReport", "ten-lines"
    await client.start_workflow(name, report, id=f"ten-lines-{report['id_zp']}", task_queue=queue)


asyncio.run(main())
