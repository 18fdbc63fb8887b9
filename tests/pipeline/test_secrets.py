"""Real runs that go well and wrong in all ways, and a search through all that they left behind: for
every secret everywhere, for what the reports say of people in logs and in words to callers."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from simulator.faults import fault
from simulator.server import Simulator
from tests.conftest import TOKEN
from tests.portal import Portal
from tests.postgres import PostgresServer, as_insyz, postgres_server
from tests.receiver import SECRET, Receiver
from tests.searching import found
from tests.support import (
    SCALED_DOWN,
    Ran,
    insyz_command,
    reaches,
    temporal_cli,
    worker_process,
)
from workflows.contract import Phase, State, workflow_id

SAMPLES = Path(__file__).parents[2] / "samples"
DATABASE_PASSWORD = "between-us-and-the-database"
API_KEY = "between-us-and-temporal"
SECRETS = {
    *(TOKEN, DATABASE_PASSWORD, API_KEY, SECRET, SECRET.removeprefix("whsec_")),
    base64.b64decode(SECRET.removeprefix("whsec_")).decode(),
}
NOT_PERSONAL = {"cislo_zp", "fileType", "id", "Druh_Dopravy", "ID_PREDMETY", "EvCi_TIM"}
PLATE = "5S7 8642"
WORDS = 5
"""Characters from which on a text is one that does not stand in a log by chance."""


def texts(value: Any, name: str = "") -> Iterator[str]:
    """What a report says in words: names, plates, places, comments, addresses of files."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from texts(part, key)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part, name)
    elif isinstance(value, str) and name not in NOT_PERSONAL and len(value) >= WORDS:
        yield from value.splitlines()
        yield from (value.split() if name == "Znackar" else ())


def is_said(text: str) -> bool:
    """Not a date or a time of day, which stand in every log."""
    return len(text) >= WORDS and not text.replace("-", "").replace(":", "").isdecimal()


def sample(name: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    report["data_a"].setdefault("Skupiny_Cest", []).append({"id": "x", "SPZ": PLATE, "Cesty": []})
    return report


GOOD, REFUSED, OUTAGE = sample("dobre"), sample("odmitnute"), sample("pri-vypadku")
PERSONAL = {text for report in (GOOD, REFUSED, OUTAGE) for text in texts(report) if is_said(text)}


def another(report: dict[str, Any], id_zp: int) -> dict[str, Any]:
    return report | {"id_zp": id_zp, "report_id": id_zp, "cislo_zp": f"S/BN/O/{id_zp}"}


@dataclass
class Left:
    """What was left behind: what processes said, and what Temporal keeps."""

    said: list[bytes] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=list)

    def by(self, ran: Ran) -> Ran:
        self.said += [ran.stdout.encode(), ran.stderr.encode()]
        return ran

    @asynccontextmanager
    async def by_a_worker(
        self, insyz_url: str, token: str = TOKEN, **env: str
    ) -> AsyncIterator[None]:
        settings = SCALED_DOWN | {"LOG_LEVEL": "DEBUG"} | env
        async with worker_process(insyz_url, token, **settings) as process:
            reading = asyncio.create_task(process.communicate())  # a full pipe would stop it
            try:
                yield
            finally:
                with suppress(ProcessLookupError):
                    process.terminate()
                self.said += await reading


@pytest.fixture
async def database() -> AsyncIterator[PostgresServer]:
    async with postgres_server() as server:
        async with Portal(server.url) as portal:
            for report in (GOOD, REFUSED, OUTAGE):
                await portal.has(report)
        yield server


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch, database: PostgresServer) -> Left:
    """The environment of starters and workers alike has all the secrets there are."""
    address = as_insyz(database.url).replace("//insyz@", f"//insyz:{DATABASE_PASSWORD}@")
    monkeypatch.setenv("TEMPORAL_API_KEY", API_KEY)
    monkeypatch.setenv("TEMPORAL_TLS", "false")
    monkeypatch.setenv("REPORTS_DATABASE_URL", address)
    monkeypatch.setenv("OUTCOME_WEBHOOK_SECRET", SECRET)
    return Left()


async def submitted(left: Left, report: dict[str, Any], *args: str) -> Ran:
    return left.by(await insyz_command("submit", "-", *args, stdin=json.dumps(report)))


async def runs_that_end(left: Left, insyz: Simulator) -> None:
    """Taken; refused by an INSYZ that repeats what it was told; lost and found; refused to us."""
    insyz.script(REFUSED["id_zp"], fault("status", code=422, message=f"Bearer {TOKEN} is bad"))
    unknown, unauthorized = another(GOOD, 60_001), another(GOOD, 60_002)
    insyz.script(unknown["id_zp"], "reset_after")
    insyz.script(unauthorized["id_zp"], fault("status", code=401, message=TOKEN, html=True))
    codes = [
        (await submitted(left, report, "--wait", "--json")).code
        for report in (GOOD, REFUSED, unknown, unauthorized)
    ]
    assert codes == [0, 1, 0, 1]
    for report in (REFUSED, unauthorized):
        left.by(await insyz_command("status", str(report["id_zp"])))
        left.by(await insyz_command("show", str(report["id_zp"])))
    left.by(await insyz_command("failed"))
    left.by(await insyz_command("doctor"))


async def refused_at_the_door(left: Left) -> None:
    """Reports that are none, with people where numbers should be."""
    wrong = GOOD | {"int_adr": "Ľubica Žižka", "znackari": "Ľubica Žižka", "data_a": [PLATE]}
    assert (await submitted(left, wrong, "--json")).code == 2
    cut_off = json.dumps(GOOD, ensure_ascii=False)[:400]
    assert left.by(await insyz_command("submit", "-", stdin=cut_off)).code == 2


async def away(left: Left, client: Client, insyz: Simulator, database: PostgresServer) -> None:
    """INSYZ, then the portal's database, when its outcome is to be written."""
    insyz.script(OUTAGE["id_zp"], *["unavailable"] * 4)
    await submitted(left, OUTAGE)
    await reaches(client, OUTAGE, Phase.WAITING)
    await database.stop()
    await reaches(client, OUTAGE, Phase.RECORDING)
    left.by(await insyz_command("status", str(OUTAGE["id_zp"])))
    assert left.by(await insyz_command("show", str(OUTAGE["id_zp"]))).code == 1
    assert left.by(await insyz_command("submit", "--pending")).code == 1
    await database.start()
    await reaches(client, OUTAGE, State.SUBMITTED)


async def cannot_start(left: Left, monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Wrong settings, each of which holds a secret; and a Temporal that is not there."""
    for wrong in (
        {"INSYZ_URL": f"https://insyz:{TOKEN}@insyz.example"},
        {"INSYZ_PROXY": f"socks5://us:{DATABASE_PASSWORD}@proxy"},
        {"OUTCOME_WEBHOOK_SECRET": SECRET[:-9], "OUTCOME_WEBHOOK_URL": "https://portal.example"},
        {"REPORTS_DATABASE_URL": database_url.replace("postgresql:", "mysql:")},
        {"INSYZ_TOKEN_FILE": "/nowhere"},
    ):
        async with left.by_a_worker("https://insyz.example", **wrong):
            pass
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
        assert (await submitted(left, another(GOOD, 60_003), "--json")).code == 4
        async with left.by_a_worker("https://insyz.example"):
            pass


async def test_no_secret_is_left_anywhere_and_nothing_personal_in_logs_and_messages(
    client: Client,
    insyz: Simulator,
    database: PostgresServer,
    left: Left,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receiver = Receiver(answers=[500, 404])
    hook = {"OUTCOME_WEBHOOK_URL": receiver.url}
    async with receiver.listening(), left.by_a_worker(insyz.url, **hook):
        await runs_that_end(left, insyz)
        await refused_at_the_door(left)
        await away(left, client, insyz, database)
        for report in (GOOD, REFUSED, OUTAGE, another(GOOD, 60_001), another(GOOD, 60_002)):
            one = ("--workflow-id", workflow_id(report["id_zp"]), "--output", "json")
            left.kept.append((await temporal_cli("workflow", "show", *one)).encode())
            left.kept.append((await temporal_cli("workflow", "describe", *one)).encode())
    await cannot_start(left, monkeypatch, database.url)
    said = b"\n".join(left.said)
    assert found(said, SECRETS | PERSONAL) == set()
    assert found(b"\n".join(left.kept), SECRETS) == set()
    # The search finds what is there.
    assert found(b"\n".join(left.kept), PERSONAL) > {"Ľubica Žižka", PLATE}
    assert b"S/BN/O/26012" in said
    assert b'"action"' in said


def test_what_is_searched_for_is_what_the_samples_say_of_people() -> None:
    assert {"Ľubica", "Žižka", "Jan Kůň", "Šťastný", PLATE, "Karlštejn"} < PERSONAL
    assert {"víceřádkový", "https://portal.example/uploads/9.jpg?token=6f15a810&v=4"} < PERSONAL
    assert len(SECRETS) == 6
