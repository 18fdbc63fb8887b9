"""The naive Temporal program: what the pipeline is measured against.

A workflow with two plain activities, XML and one POST. Nothing is validated, nobody is asked, no
outcome is recorded, and a lost answer doubles the report. It is well written for what it is: its
HTTP client is kept alive, as ours is. `--lean` runs it as our worker runs: on libuv's loop, without
the SDK's sandbox, and without compression on loopback.
"""

import asyncio
import os
import re
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from temporalio import activity, workflow
from temporalio.client import Client, GrpcCompression
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

with workflow.unsafe.imports_passed_through():
    import httpx
    import uvloop

TASK_QUEUE, LEAN_TASK_QUEUE = "naive", "naive-lean"
LEAN = "--lean"
WORKFLOW = "NaiveSubmit"
NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
ONE_TRY = timedelta(seconds=60)


@dataclass
class Post:
    xml: str
    uzivatel: str


@activity.defn
async def build(report: dict[str, Any]) -> str:
    root = Element("ZP", id_zp=str(report["id_zp"]), cislo_zp=report["cislo_zp"])
    for part in ("znackari", "calculation", "data_b"):
        _add(root, part, report.get(part))
    # What INSYZ has no place for is dropped, or it would not take every report of the measurement.
    xml = tostring(root, encoding="unicode").encode("cp1250", "ignore").decode("cp1250")
    return NOT_IN_XML.sub("", xml)


def _add(parent: Element, name: str, value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _add(parent, name, item)
        return
    element = SubElement(parent, re.sub(r"^(?=[^A-Za-z])|[^A-Za-z0-9_]", "_", name))
    if isinstance(value, dict):
        for key, inner in value.items():
            _add(element, key, inner)
    elif value is not None:
        element.text = str(value)


class Sender:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    @activity.defn
    async def send(self, post: Post) -> dict[str, Any]:
        answer = await self._http.post(
            "/api/insyz/submit-report",
            json={"xml_data": post.xml, "uzivatel": post.uzivatel},
            # INSYZ insists on a key, whatever comes of it.
            headers={"Idempotency-Key": f'"{activity.info().workflow_run_id}"'},
        )
        answer.raise_for_status()
        receipt: dict[str, Any] = answer.json()
        return receipt


@workflow.defn(name=WORKFLOW)
class NaiveSubmit:
    @workflow.run
    async def run(self, report: dict[str, Any]) -> dict[str, Any]:
        xml = await workflow.execute_activity(build, report, start_to_close_timeout=ONE_TRY)
        post = Post(xml=xml, uzivatel=str(report["int_adr"]))
        return await workflow.execute_activity_method(
            Sender.send, post, start_to_close_timeout=ONE_TRY
        )


async def main(*, lean: bool) -> None:
    client = await connected(os.environ["TEMPORAL_ADDRESS"], lean=lean)
    headers = {"Authorization": f"Bearer {os.environ['INSYZ_TOKEN']}"}
    async with httpx.AsyncClient(base_url=os.environ["INSYZ_URL"], headers=headers) as http:
        await Worker(
            client,
            task_queue=LEAN_TASK_QUEUE if lean else TASK_QUEUE,
            workflows=[NaiveSubmit],
            activities=[build, Sender(http).send],
            workflow_runner=UnsandboxedWorkflowRunner() if lean else SandboxedWorkflowRunner(),
        ).run()


async def connected(address: str, *, lean: bool) -> Client:
    """As it comes, or without compression."""
    compression = GrpcCompression.NONE if lean else GrpcCompression.GZIP
    return await Client.connect(address, grpc_compression=compression)


if __name__ == "__main__":
    is_lean = LEAN in sys.argv
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if is_lean else None) as runner:
        runner.run(main(lean=is_lean))
