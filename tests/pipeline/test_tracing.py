"""Traces: one report is one trace, over processes and as far as INSYZ."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import nullcontext

import pytest
from temporalio.client import Client

from simulator.faults import fault
from simulator.server import Simulator
from starter.setup import register_search_attributes
from tests.conftest import TOKEN
from tests.otlp import Collector
from tests.support import SCALED_DOWN, Ran, a_report, free_port, insyz_command, worker_process

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
PORTAL_TRACE = "0af7651916cd43dd8448eb211c80319c"
PORTAL_SPAN = "b7ad6b7169203331"


@pytest.fixture
async def collector(
    clean_environment: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Collector]:
    """A collector that starters and workers of this test are told of."""
    collector = Collector()
    monkeypatch.setenv(ENDPOINT, collector.url)
    async with collector.listening():
        yield collector


async def submitted_by_command(client: Client, insyz: Simulator, *, code: int = 0) -> int:
    """A report that has gone through a starter and a worker, both ended; its id_zp."""
    await register_search_attributes(client)
    report = a_report()
    async with worker_process(insyz.url, TOKEN, **SCALED_DOWN) as worker:
        ran = await insyz_command("submit", "-", "--wait", "--json", stdin=json.dumps(report))
        assert ran.code == code, ran.stderr
        assert ran.json["id_zp"] == report["id_zp"]
        worker.terminate()
        await worker.wait()
    return int(report["id_zp"])


def trace_id_of(traceparent: str) -> str:
    version, trace_id, _, _ = traceparent.split("-")
    assert version == "00"
    return trace_id


async def test_a_report_is_one_trace_from_the_starter_to_insyz(
    client: Client, insyz: Simulator, collector: Collector
) -> None:
    id_zp = await submitted_by_command(client, insyz)
    start = collector.named("StartWorkflow:SubmitReport")
    run = collector.named("RunActivity:submit_to_insyz")
    asked, sent = collector.named("INSYZ find"), collector.named("INSYZ submit")
    assert {span.trace_id for span in collector.spans} == {start.trace_id}
    assert (start.service, run.service, sent.service) == (
        *("insyz-starter", "insyz-worker", "insyz-worker"),
    )
    assert (asked.parent_id, sent.parent_id) == (run.span_id, run.span_id)
    by_id = {span.span_id: span for span in collector.spans}
    above = [run]
    while above[-1].parent_id:
        above.append(by_id[above[-1].parent_id])
    assert [span.name for span in above] == [
        "RunActivity:submit_to_insyz",
        "StartActivity:submit_to_insyz",
        "StartWorkflow:SubmitReport",
    ]
    assert sent.attributes["insyz.id_zp"] == id_zp
    assert sent.attributes["insyz.outcome"] == "taken"
    lookup, submission = [request.headers["traceparent"] for request in insyz.requests]
    assert trace_id_of(lookup) == trace_id_of(submission) == start.trace_id
    assert submission.split("-")[2] == sent.span_id


async def test_spans_carry_none_of_the_words_of_a_report_or_of_insyz(
    client: Client, insyz: Simulator, collector: Collector
) -> None:
    insyz.script("*", fault("status", code=422, message="Jan Novák nemá smlouvu"))
    await submitted_by_command(client, insyz, code=1)
    whole = "".join(span.whole for span in collector.spans)
    assert "Nov" not in whole
    assert "smlouv" not in whole
    assert "rovka" not in whole
    sent = collector.named("INSYZ submit")
    assert sent.attributes.keys() == {"insyz.id_zp", "insyz.key", "insyz.outcome"}
    assert sent.attributes["insyz.outcome"] == "InvalidReportError"
    assert "exception.type" in collector.named("RunActivity:submit_to_insyz").whole


async def test_a_trace_of_the_caller_is_gone_on_with(
    client: Client, insyz: Simulator, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACEPARENT", f"00-{PORTAL_TRACE}-{PORTAL_SPAN}-01")
    await submitted_by_command(client, insyz)
    start = collector.named("StartWorkflow:SubmitReport")
    assert (start.trace_id, start.parent_id) == (PORTAL_TRACE, PORTAL_SPAN)
    assert {span.trace_id for span in collector.spans} == {PORTAL_TRACE}


async def timed_submit() -> tuple[Ran, float]:
    begun = time.monotonic()
    ran = await insyz_command("submit", "-", "--json", stdin=json.dumps(a_report()))
    return ran, time.monotonic() - begun


@pytest.mark.parametrize("answers", [False, True], ids=["refuses", "accepts and says nothing"])
async def test_a_collector_that_does_not_answer_holds_up_nothing_for_long(
    client: Client, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    _, without = await timed_submit()
    port = free_port()
    monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{port}")
    with socket.create_server(("127.0.0.1", port)) if answers else nullcontext():
        ran, took = await timed_submit()
    assert ran.code == 0
    assert ran.json["state"] == "send"
    assert took < without + 5, "the exporter itself would go on for 10 s"


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("OTEL_TRACES_EXPORTER", "zipkin",
         "OTEL_TRACES_EXPORTER: 'zipkin' is neither otlp nor none"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc",
         "OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' is not spoken, only http/protobuf"),
    ],
)  # fmt: skip
async def test_what_we_cannot_trace_by_is_one_clear_line(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, line: str
) -> None:
    monkeypatch.setenv(variable, value)
    ran = await insyz_command("submit", "-", stdin=json.dumps(a_report()))
    assert (ran.code, ran.stdout, ran.stderr) == (2, "", f"insyz: {line}\n")
    async with worker_process("http://127.0.0.1:1", TOKEN) as worker:
        _, err = await worker.communicate()
    assert worker.returncode == 2
    assert line in err.decode()


WITHOUT_THE_EXTRA = """
import sys
sys.modules["opentelemetry"] = None
from starter.cli import main
sys.exit(main(["status", "1"]))
"""


def test_a_missing_extra_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_EXTRA], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 2
    assert ran.stderr.endswith("is missing: pip install 'insyz-pipeline[tracing]'\n")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("env", [{}, {"OTEL_TRACES_EXPORTER": "none", ENDPOINT: "http://x"},
                                 {"OTEL_SDK_DISABLED": "true", ENDPOINT: "http://x"}])  # fmt: skip
def test_without_traces_nothing_of_opentelemetry_is_loaded(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str]
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    program = (
        "import sys\nfrom starter.cli import main\nmain(['status', '1'])\n"
        "import worker\nworker.outgoing_headers()\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == "[]\n"
