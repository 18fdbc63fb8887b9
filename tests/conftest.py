"""Fixtures for tests on real parts: a Temporal server, the simulator, a worker."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from temporalio.client import Client

from insyz.settings import Settings
from simulator.server import Simulator
from tests.portal import Portal
from tests.postgres import PostgresServer, postgres_server
from tests.recording import record_histories
from tests.sandbox import SANDBOX
from tests.support import SCALED_DOWN, TemporalServer
from worker import build_worker, gateway_for

TOKEN = "only-for-tests-7f3a"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test depends on, or changes, the settings of whoever runs it."""
    for name in [*os.environ]:
        if name.startswith(("TEMPORAL_", "INSYZ_", "LOG_", "OTEL_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "no-such-file.toml"))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")


@pytest.fixture
async def temporal(clean_environment: None, tmp_path: Path) -> AsyncIterator[TemporalServer]:
    """A Temporal server that lives as long as the test."""
    server = TemporalServer(tmp_path)
    try:
        await server.start()
        yield server
    finally:
        await server.kill()


@pytest.fixture
async def client(temporal: TemporalServer, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    client = await temporal.connect()
    yield client
    if request.config.getoption("--record-histories"):
        await record_histories(client, request.node.name)


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[PostgresServer]:
    async with postgres_server() as server:
        yield server


@pytest.fixture(params=["postgresql", "sqlite"])
async def portal(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer
) -> AsyncIterator[Portal]:
    """The portal's database, and what the portal itself does with it."""
    sqlite = f"sqlite:///{tmp_path / 'portal.db'}"
    async with Portal(sqlite if request.param == "sqlite" else postgres.url) as portal:
        yield portal


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record-histories", action="store_true", help="keep the tests' histories for replay"
    )


@pytest.fixture
async def insyz() -> AsyncIterator[Simulator]:
    async with Simulator(token=TOKEN) as simulator:
        yield simulator


def scaled_down(insyz_url: str, **changes: Any) -> Settings:
    """Settings for the simulator at `insyz_url`, with times scaled down."""
    scaled = {name.lower(): value for name, value in SCALED_DOWN.items()}
    given = {"insyz_url": insyz_url, "insyz_token": SecretStr(TOKEN)}
    return Settings.load(**(scaled | given | changes))


@pytest.fixture
def settings(insyz: Simulator) -> Settings:
    return scaled_down(insyz.url)


@pytest.fixture
async def worker(client: Client, settings: Settings) -> AsyncIterator[None]:
    async with (
        gateway_for(settings) as gateway,
        build_worker(client, gateway, settings, workflow_runner=SANDBOX),
    ):
        yield
