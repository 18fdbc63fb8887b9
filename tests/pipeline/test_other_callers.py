"""Callers that know nothing of our code: the `temporal` CLI and the server's HTTP API."""

import json
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client

from simulator.server import Simulator
from starter import status
from tests.support import TemporalServer, a_report, eventually, temporal_cli
from workflows.contract import State, workflow_id

pytestmark = pytest.mark.usefixtures("worker")


async def is_submitted(client: Client, id_zp: int) -> None:
    async def submitted() -> None:
        assert (await status(id_zp, client=client)).state is State.SUBMITTED

    await eventually(submitted)


async def test_the_temporal_cli_starts_a_submission_from_a_file(
    client: Client, insyz: Simulator, tmp_path: Path
) -> None:
    report = a_report()
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report), encoding="utf-8")
    await temporal_cli(
        *("workflow", "start", "--type", "SubmitReport", "--task-queue", "insyz"),
        *("--workflow-id", workflow_id(report["id_zp"]), "--input-file", str(file)),
    )
    await is_submitted(client, report["id_zp"])
    assert insyz.stats()["taken"] == 1


async def test_malformed_input_from_the_temporal_cli_shows_type_and_fields(client: Client) -> None:
    await temporal_cli(
        *("workflow", "start", "--type", "SubmitReport", "--task-queue", "insyz"),
        *("--workflow-id", "x", "--input", '{"bad": 1}'),
    )

    async def has_failed() -> str:
        shown = await temporal_cli("workflow", "show", "--workflow-id", "x")
        assert "WorkflowExecutionFailed" in shown
        return shown

    shown = await eventually(has_failed, within=5)
    assert "InvalidReportError: id_zp: Field required; cislo_zp: Field required" in shown


async def test_the_servers_http_api_starts_a_submission(
    client: Client, temporal: TemporalServer, insyz: Simulator
) -> None:
    report = a_report()
    url = (
        f"http://127.0.0.1:{temporal.http_port}"
        f"/api/v1/namespaces/default/workflows/{workflow_id(report['id_zp'])}"
    )
    start = {
        "workflowType": {"name": "SubmitReport"},
        "taskQueue": {"name": "insyz"},
        "workflowIdReusePolicy": "WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY",
        "input": [report],
    }
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(url, json=start)
        assert answer.status_code == 200, answer.text
        await is_submitted(client, report["id_zp"])
        asked = await http.post(f"{url}/query/status", json={})
    assert asked.json()["queryResult"][0]["state"] == "submitted"
    assert insyz.stats()["taken"] == 1
