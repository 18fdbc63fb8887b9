"""The `insyz` command as the web backend runs it: a real process and its exit code."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from simulator.faults import fault
from simulator.server import Simulator
from starter.exit_codes import MEANING
from tests.support import (
    Ran,
    TemporalServer,
    a_report,
    eventually,
    insyz_command,
    insyz_got,
    reaches,
)
from workflows.contract import Phase, State, workflow_id


async def submitted(report: dict[str, Any], *args: str) -> Ran:
    return await insyz_command("submit", "-", *args, stdin=json.dumps(report))


@pytest.mark.usefixtures("worker")
async def test_a_report_that_insyz_takes_exits_with_0(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(json.dumps(a_report()), encoding="utf-8")
    ran = await insyz_command("submit", str(file), "--wait", "--json")
    assert ran.code == 0
    assert ran.json["state"] == "submitted"
    assert ran.json["receipt"]["receipt"]
    assert ran.stderr == ""


async def test_without_wait_it_returns_as_soon_as_temporal_has_the_report(client: Client) -> None:
    report = a_report()
    ran = await submitted(report, "--json", "--submitted-by", "77")
    assert ran.code == 0
    assert (ran.json["state"], ran.json["joined"]) == ("send", False)
    there = await client.get_workflow_handle(workflow_id(report["id_zp"])).describe()
    assert there.run_id == ran.json["run_id"]


@pytest.mark.usefixtures("worker")
async def test_a_rejected_report_exits_with_1(insyz: Simulator) -> None:
    report = a_report()
    insyz.script(report["id_zp"], fault("status", code=422, message="příkaz je vyúčtován"))
    ran = await submitted(report, "--wait")
    assert ran.code == 1
    assert "Zamítnuto" in ran.stdout
    assert "příkaz je vyúčtován" in ran.stdout


async def test_an_invalid_report_exits_with_2_and_names_the_fields() -> None:
    ran = await submitted({"bad": 1}, "--json")
    assert ran.code == 2
    assert "id_zp: Field required" in ran.stderr
    assert {problem["field"] for problem in ran.json["problems"]} == {
        "id_zp",
        "cislo_zp",
        "data_a",
        "data_b",
    }


async def test_broken_json_exits_with_2_and_says_where() -> None:
    ran = await insyz_command("submit", "-", stdin='{"id_zp": 1,\n  oops}')
    assert ran.code == 2
    assert ran.stderr == ("insyz: stdin: not valid JSON: key must be a string at line 2 column 3\n")


@pytest.mark.parametrize(
    "args", [(), ("submit",), ("submit", "x.json", "--wat"), ("status", "abc"), ("nonsense",)]
)
async def test_wrong_usage_exits_with_2(args: tuple[str, ...]) -> None:
    assert (await insyz_command(*args)).code == 2


async def test_a_missing_file_exits_with_2_and_names_it() -> None:
    ran = await insyz_command("submit", "/no/such/report.json")
    assert ran.code == 2
    assert "/no/such/report.json: cannot be read: No such file or directory" in ran.stderr


async def test_a_submission_still_under_way_after_the_wait_exits_with_3(client: Client) -> None:
    ran = await submitted(a_report(), "--wait", "0.3")
    assert ran.code == 3
    assert "Odesílání trvá déle než obvykle" in ran.stderr


@pytest.mark.usefixtures("worker")
async def test_and_says_what_has_become_of_it_by_then(insyz: Simulator) -> None:
    report = a_report()
    insyz.script(report["id_zp"], fault("unavailable", retry_after=600))
    ran = await submitted(report, "--wait", "3", "--json")
    assert ran.code == 3
    assert (ran.json["phase"], ran.json["attempt"]) == ("waiting", 1)
    assert ran.json["error"]["type"] == "InsyzUnavailable"
    assert ran.json["workflow_id"] == f"submit-report-{report['id_zp']}"


async def test_and_exits_with_3_even_where_temporal_can_no_longer_be_asked(
    client: Client, temporal: TemporalServer
) -> None:
    report = a_report()
    running = asyncio.create_task(submitted(report, "--wait", "4", "--json"))
    there = client.get_workflow_handle(workflow_id(report["id_zp"]))
    await eventually(there.describe, retry_on=RPCError)
    await temporal.kill()
    ran = await running
    assert (ran.code, ran.json["state"]) == (3, "send")
    assert "hlášení se neztratí" in ran.stderr


async def test_an_unreachable_temporal_exits_with_4_and_one_clear_line() -> None:
    started = time.monotonic()
    ran = await submitted(a_report())
    assert ran.code == 4
    assert ran.stderr.startswith("insyz: cannot reach Temporal at 127.0.0.1:1: ")
    assert len(ran.stderr.splitlines()) == 1
    assert time.monotonic() - started < 10


async def test_a_temporal_that_accepts_and_never_answers_exits_with_4_within_10_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def stay_mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(stay_mute, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{port}")
        started = time.monotonic()
        ran = await submitted(a_report())
    assert ran.code == 4
    assert time.monotonic() - started < 10


@pytest.mark.usefixtures("worker")
async def test_a_report_already_submitted_exits_with_5_unless_it_is_resent(
    insyz: Simulator,
) -> None:
    report = a_report()
    assert (await submitted(report, "--wait")).code == 0
    refused = await submitted(report, "--json")
    assert refused.code == 5
    assert refused.json["state"] == "submitted"
    assert "already submitted" in refused.stderr
    assert insyz.stats()["taken"] == 1
    for too_little in ([], ["--by", "J. Nováková"], ["--why", "nečitelné"]):
        unsaid = await submitted(report, "--resend", *too_little)
        assert (unsaid.code, unsaid.stdout) == (2, "")
    decided = ("--resend", "--by", "J. Nováková", "--why", "nečitelné")
    assert (await submitted(report, "--wait", *decided)).code == 0
    assert insyz.stats()["taken"] == 2
    events = (await insyz_command("show", str(report["id_zp"]), "--json")).json["events"]
    again = [event for event in events if event["kind"] == "started"][1]
    assert (again["by"], again["why"]) == ("J. Nováková", "nečitelné")
    assert "resend 1" in again["text"]
    assert len({record.key for record in insyz.book.submissions()}) == 2


async def test_a_second_submit_joins_the_one_that_runs_and_says_so(client: Client) -> None:
    report = a_report()
    first = await submitted(report, "--json")
    second = await submitted(report, "--json")
    assert second.code == 0
    assert (second.json["joined"], second.json["run_id"]) == (True, first.json["run_id"])
    assert "joined" in second.stderr


async def test_another_version_of_a_report_under_way_is_not_swallowed(client: Client) -> None:
    report = a_report()
    await submitted(report)
    edited = await submitted(report | {"data_b": {"Koment_Usek": "jinak"}})
    assert edited.code == 1
    assert "another version" in edited.stderr


@pytest.mark.usefixtures("worker")
async def test_a_failed_report_starts_anew(insyz: Simulator) -> None:
    report = a_report()
    insyz.script(report["id_zp"], "status:422")
    assert (await submitted(report, "--wait")).code == 1
    assert (await submitted(report, "--wait")).code == 0
    assert insyz.stats()["taken"] == 1


async def test_the_status_of_a_report_nobody_submitted_exits_with_1(client: Client) -> None:
    ran = await insyz_command("status", "4711", "--json")
    assert ran.code == 1
    assert ran.json["error"]["type"] == "UnknownReportError"


async def test_the_status_needs_no_worker(client: Client) -> None:
    report = a_report()
    await submitted(report)
    ran = await insyz_command("status", str(report["id_zp"]), "--json")
    assert ran.code == 0
    assert ran.json["state"] == "send"


async def test_a_terminated_submission_says_so(client: Client) -> None:
    report = a_report()
    await submitted(report)
    await client.get_workflow_handle(workflow_id(report["id_zp"])).terminate("zkouška")
    ran = await insyz_command("status", str(report["id_zp"]), "--json")
    assert (ran.json["state"], ran.json["phase"]) == ("send", "stopped")


async def test_xml_prints_the_document_and_the_warnings_apart() -> None:
    report = a_report(data_b={"Koment_Usek": "\u2192"})
    ran = await insyz_command("xml", "-", stdin=json.dumps(report))
    assert ran.code == 0
    assert "<Koment_Usek>-&gt;</Koment_Usek>" in ran.stdout
    assert ran.stderr == "warning: data_b.Koment_Usek: 1 character replaced\n"


async def test_help_names_every_exit_code() -> None:
    ran = await insyz_command("--help")
    assert ran.code == 0
    for code, meaning in MEANING.items():
        assert f"{code.value}  {meaning}" in ran.stdout


@pytest.mark.usefixtures("worker")
async def test_fifty_submits_in_a_row_end_with_the_right_exit_code(
    insyz: Simulator,
) -> None:
    """The SDK's threads make some processes crash or hang at exit, unless that is prevented."""
    codes = []
    for _ in range(12):
        ran = await asyncio.gather(
            submitted(a_report(), "--wait"),
            submitted(a_report()),
            submitted(a_report(), "--wait", "0.01"),
            submitted({"bad": 1}),
        )
        codes += [(one.code, other.code, last.code) for one, other, _, last in [ran]]
        assert ran[2].code in {0, 3}
    assert codes == [(0, 0, 2)] * 12


class TestInterventions:
    async def in_doubt(self, client: Client, insyz: Simulator) -> str:
        report = a_report()
        insyz.script(report["id_zp"], "reset_after")
        # As at a gateway that has no look-up, once the report was sent.
        insyz.script(report["id_zp"], fault("status", code=404, html=True), target="lookup")
        await submitted(report)
        await reaches(client, report, Phase.NEEDS_DECISION)
        return str(report["id_zp"])

    @pytest.mark.usefixtures("worker")
    async def test_resolve_decides_and_says_who_did(self, client: Client, insyz: Simulator) -> None:
        id_zp = await self.in_doubt(client, insyz)
        ran = await insyz_command(
            *("resolve", id_zp, "submitted", "--by", "Jana N.", "--why", "je tam")
        )
        assert (ran.code, ran.stdout) == (0, "")
        assert ran.stderr == f"report {id_zp}: submitted, decided by Jana N.\n"
        await reaches(client, {"id_zp": int(id_zp)}, State.SUBMITTED)
        shown = await insyz_command("status", id_zp)
        assert "decided  submitted by Jana N.: je tam" in shown.stdout

    @pytest.mark.usefixtures("worker")
    async def test_a_decision_needs_a_name_and_a_reason(
        self, client: Client, insyz: Simulator
    ) -> None:
        id_zp = await self.in_doubt(client, insyz)
        assert (await insyz_command("resolve", id_zp, "resend", "--why", "x")).code == 2
        assert (await insyz_command("resolve", id_zp, "resend", "--by", "x")).code == 2
        ran = await insyz_command("resolve", id_zp, "resend", "--by", "", "--why", "x")
        assert (ran.code, "by" in ran.stderr) == (2, True)

    async def test_a_decision_without_a_worker_says_so(self, client: Client) -> None:
        report = a_report()
        await submitted(report)
        ran = await insyz_command(
            *("resolve", str(report["id_zp"]), "resend", "--by", "J", "--why", "y")
        )
        assert ran.code == 1
        assert "no worker took the decision within 10 s; start one" in ran.stderr

    @pytest.mark.usefixtures("worker")
    async def test_retry_and_cancel_reach_a_waiting_submission(
        self, client: Client, insyz: Simulator
    ) -> None:
        report = a_report()
        insyz.script(report["id_zp"], *[fault("unavailable", retry_after=600)] * 2)
        await submitted(report)
        await reaches(client, report, Phase.WAITING)
        assert (await insyz_command("retry", str(report["id_zp"]))).code == 0
        await insyz_got(insyz, 2)
        await reaches(client, report, Phase.WAITING)
        ran = await insyz_command("cancel", str(report["id_zp"]), "--by", "Jana N.")
        assert ran.code == 0
        assert (await reaches(client, report, State.REJECTED)).error is not None

    @pytest.mark.parametrize(
        "args", [("retry", "4711"), ("cancel", "4711", "--by", "x")], ids=" ".join
    )
    async def test_an_intervention_into_nothing_exits_with_1(
        self, client: Client, args: tuple[str, ...]
    ) -> None:
        ran = await insyz_command(*args)
        assert ran.code == 1
        assert ran.stderr == "insyz: no submission of report 4711 is open\n"
