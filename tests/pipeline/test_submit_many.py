"""`insyz submit-many`: a folder or a file of reports."""

import asyncio
import json
import os
import pty
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from simulator.faults import fault
from simulator.server import Simulator
from starter import submit, wait_for_result
from starter.listing import SUBMISSIONS, count
from tests.support import INSYZ, TemporalServer, a_report, eventually, insyz_command

Fields = dict[str, Any]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "reports.jsonl"


def written(file: Path, *reports: Fields | str) -> str:
    lines = (one if isinstance(one, str) else json.dumps(one) for one in reports)
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(file)


def outcome(**counts: Any) -> Fields:
    nothing = {"started": 0, "running": 0, "submitted": 0, "repeated": 0}
    return nothing | {"failed": {}, "invalid": {}} | counts


@pytest.mark.usefixtures("worker")
async def test_running_it_again_submits_only_what_is_missing(
    client: Client, insyz: Simulator, file: Path
) -> None:
    there, open_, refused, new = (a_report() for _ in range(4))
    insyz.script(open_["id_zp"], fault("unavailable", retry_after=600))
    insyz.script(refused["id_zp"], "status:422")
    first = written(file, there, open_, refused)
    ran = await insyz_command("submit-many", first, "--json")
    assert (ran.code, ran.json) == (0, outcome(valid=3, started=3))

    async def ended() -> None:
        assert await count(client, f'{SUBMISSIONS} AND ExecutionStatus != "Running"') == 2

    await eventually(ended)
    ran = await insyz_command("submit-many", written(file, there, open_, refused, new), "--json")
    assert (ran.code, ran.json) == (0, outcome(valid=4, started=2, running=1, submitted=1))

    async def taken() -> None:
        assert {one.id_zp for one in insyz.book.submissions()} == {
            report["id_zp"] for report in (there, refused, new)
        }

    await eventually(taken)
    assert insyz.stats()["taken"] == 3


async def test_a_folder_is_read_in_the_order_of_names(client: Client, tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "c.txt"):
        (tmp_path / name).write_text(json.dumps(a_report()), encoding="utf-8")
    (tmp_path / "0.json").write_text('{"id_zp": 1,', encoding="utf-8")
    (tmp_path / "2.json").write_text("[]", encoding="utf-8")
    ran = await insyz_command("submit-many", str(tmp_path))
    assert ran.code == 2
    assert ran.stdout == (
        "valid: 2, repeated: 0, invalid: 2, started: 2, running: 0, submitted: 0, failed: 0\n"
    )
    assert ran.stderr.splitlines() == [
        "0.json: not valid JSON: EOF while parsing a value at line 1 column 12",
        "2.json: expected one JSON object, the report",
    ]


async def test_invalid_ones_are_named_by_line_and_field_and_do_not_stop_the_rest(
    client: Client, file: Path
) -> None:
    bad = a_report(data_a=None, cislo_zp="")
    reports = written(file, a_report(), "", bad, "oops", a_report(), "9" * 2_000_000, a_report())
    ran = await insyz_command("submit-many", reports, "--json")
    assert ran.code == 2
    assert (ran.json["valid"], ran.json["started"]) == (3, 3)
    assert ran.json["invalid"].keys() == {"line 3", "line 4", "line 6"}
    assert [problem["field"] for problem in ran.json["invalid"]["line 3"]] == ["cislo_zp", "data_a"]
    assert "line 3: data_a: Input should be an object" in ran.stderr.splitlines()
    assert "the limit is 1,900,000" in ran.stderr


async def test_two_versions_of_a_report_are_both_refused_and_a_repetition_is_not(
    client: Client, file: Path
) -> None:
    one, other = a_report(), a_report()
    edited = one | {"data_b": {"Koment_Usek": "jinak"}}
    ran = await insyz_command("submit-many", written(file, one, other, edited, other), "--json")
    assert ran.code == 2
    assert (ran.json["valid"], ran.json["started"], ran.json["repeated"]) == (1, 1, 1)
    (problem,) = ran.json["invalid"]["line 3"]
    assert problem == {
        "field": "id_zp",
        "message": f"{one['id_zp']} stands in line 1 with other content",
    }
    assert "line 1" in ran.json["invalid"]


async def test_a_dry_run_checks_everything_without_temporal(file: Path) -> None:
    ran = await insyz_command("submit-many", written(file, a_report(), {}), "--dry-run", "--json")
    assert ran.code == 2
    assert (ran.json["valid"], [*ran.json["invalid"]]) == (1, ["line 2"])
    ran = await insyz_command("submit-many", written(file, a_report()), "--dry-run")
    assert (ran.code, ran.stdout) == (0, "valid: 1, repeated: 0, invalid: 0\n")


async def test_who_pressed_the_button_may_be_said_for_all(client: Client, file: Path) -> None:
    report = a_report(submitted_by=None, int_adr=None)
    assert (await insyz_command("submit-many", written(file, report))).code == 2
    ran = await insyz_command("submit-many", str(file), "--submitted-by", "77")
    assert ran.code == 0


async def test_another_version_under_way_is_not_overrun(client: Client, file: Path) -> None:
    report, other = a_report(), a_report()
    await submit(report, client=client)
    edited = report | {"data_b": {"Koment_Usek": "jinak"}}
    ran = await insyz_command("submit-many", written(file, edited, other), "--json")
    assert (ran.code, ran.json["started"]) == (1, 1)
    assert "another version" in ran.json["failed"]["line 1"]


async def test_what_cannot_be_read_exits_with_2() -> None:
    ran = await insyz_command("submit-many", "/no/such/folder")
    assert ran.code == 2
    assert "/no/such/folder: cannot be read: No such file or directory" in ran.stderr


async def test_without_temporal_it_says_so_and_names_the_invalid_ones(file: Path) -> None:
    ran = await insyz_command("submit-many", written(file, a_report(), {}), "--json")
    assert ran.code == 4
    assert ran.json["error"]["type"] == "TemporalUnreachableError"
    assert "0 of 1 done, running it again is safe" in ran.stderr
    assert "line 2: data_b: Field required" in ran.stderr


async def test_a_temporal_that_dies_on_the_way_costs_nothing_but_a_second_run(
    temporal: TemporalServer, client: Client, file: Path, tmp_path: Path
) -> None:
    reports = [a_report() for _ in range(600)]
    process = await asyncio.create_subprocess_exec(
        INSYZ,
        *("submit-many", written(file, *reports), "--json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )

    async def under_way() -> None:
        assert await count(client, SUBMISSIONS) > 50

    await eventually(under_way)
    await temporal.kill()
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 4
    done = json.loads(out)["started"]
    assert 50 < done < 600
    assert f"{done} of 600 done, running it again is safe" in err.decode()


@pytest.mark.usefixtures("worker")
async def test_a_report_that_insyz_has_is_counted_and_not_sent(
    client: Client, insyz: Simulator, file: Path
) -> None:
    report = a_report()
    await wait_for_result(await submit(report, client=client), 20)
    ran = await insyz_command("submit-many", written(file, report))
    assert ran.code == 0
    assert "submitted: 1" in ran.stdout
    assert insyz.stats()["taken"] == 1


async def test_progress_is_shown_to_a_terminal_only(file: Path) -> None:
    reports = written(file, a_report(), a_report())
    watching, terminal = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        INSYZ,
        *("submit-many", reports, "--dry-run"),
        stdout=asyncio.subprocess.PIPE,
        stderr=terminal,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80"},
    )
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    os.close(terminal)
    drawn = os.read(watching, 100_000).decode()
    os.close(watching)
    assert "checking" in drawn
    assert out.decode() == "valid: 2, repeated: 0, invalid: 0\n"
    assert (await insyz_command("submit-many", reports, "--dry-run")).stderr == ""
