"""TLS to Temporal: a server that is verified, clients that show who they are."""

import json
from pathlib import Path

import pytest
from temporalio.envconfig import ClientConfigProfile

from simulator.server import Simulator
from tests.conftest import TOKEN
from tests.support import SCALED_DOWN, TemporalServer, a_report, insyz_command, worker_process
from tests.transport import Authority, tls_before

EXAMPLE = Path(__file__).parents[2] / "deploy" / "temporal" / "temporal.example.toml"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def profiles(folder: Path, address: str, authority: Authority) -> Path:
    """The example file, with this server and certificates that exist."""
    worker, starter = authority.client("worker"), authority.client("starter")
    assert {file.parent for file in (*worker, *starter, authority.file)} == {folder}
    text = EXAMPLE.read_text(encoding="utf-8").replace("temporal.example.org:7233", address)
    text = text.replace("/etc/insyz/tls/temporal-ca.pem", str(authority.file))
    file = folder / "temporal.toml"
    file.write_text(text.replace("/etc/insyz/tls", str(folder)).replace("reports", "default"))
    return file


async def test_worker_and_starter_go_by_profiles_and_certificates_of_their_own(
    temporal: TemporalServer,
    insyz: Simulator,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with tls_before(temporal.port, authority.server(wants_clients=True)) as url:
        monkeypatch.delenv("TEMPORAL_ADDRESS")
        file = profiles(tmp_path, url.removeprefix("https://"), authority)
        monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(file))
        monkeypatch.setenv("TEMPORAL_PROFILE", "starter")
        async with worker_process(insyz.url, TOKEN, **SCALED_DOWN, TEMPORAL_PROFILE="worker"):
            ran = await insyz_command("submit", "-", "--wait", stdin=json.dumps(a_report()))
        assert (ran.code, insyz.stats()["taken"]) == (0, 1), ran.stderr


def test_the_examples_profiles_have_nothing_in_common_but_the_server() -> None:
    worker, starter = (
        ClientConfigProfile.load(name, config_source=EXAMPLE, override_env_vars={})
        for name in ("worker", "starter")
    )
    assert worker.tls is not None
    assert starter.tls is not None
    assert (worker.address, worker.namespace) == (starter.address, starter.namespace)
    assert worker.tls.client_cert != starter.tls.client_cert
    assert worker.tls.client_private_key != starter.tls.client_private_key


class TestNothingIsSaidToAServer:
    @pytest.fixture(autouse=True)
    def _an_api_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TEMPORAL_API_KEY", "nobody-may-see-this")

    async def test_whose_certificate_nobody_vouches_for(
        self, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "other").mkdir()
        other = Authority(tmp_path / "other")
        monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(other.file))
        monkeypatch.setenv("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "true")
        async with tls_before(1, authority.server()) as url:
            address = url.removeprefix("https://")
            monkeypatch.setenv("TEMPORAL_ADDRESS", address)
            ran = await insyz_command("status", "1")
        assert (ran.code, ran.stderr) == (
            4,
            f"insyz: cannot reach Temporal at {address}: "
            "its certificate is not to be trusted: UnknownIssuer\n",
        )

    async def test_that_has_a_certificate_for_another_name(
        self, authority: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(authority.file))
        async with tls_before(1, authority.server("temporal.example")) as url:
            monkeypatch.setenv("TEMPORAL_ADDRESS", url.removeprefix("https://"))
            ran = await insyz_command("status", "1")
        assert (ran.code, "not to be trusted: NotValidForName" in ran.stderr) == (4, True)

    async def test_without_tls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
        monkeypatch.setenv("TEMPORAL_TLS", "false")
        ran = await insyz_command("status", "1")
        assert (ran.code, ran.stderr) == (
            2,
            "insyz: TEMPORAL_TLS: an API key is not sent without TLS\n",
        )


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("TEMPORAL_TLS_SERVER_CA_CERT_PATH", "/nowhere", "/nowhere: No such file or directory"),
        ("TEMPORAL_TLS_CLIENT_CERT_DATA", "x", "Must have both client cert and private key"),
        ("TEMPORAL_PROFILE", "no-such", "Profile 'no-such' not found"),
        ("TEMPORAL_CONFIG_FILE", "{folder}/broken.toml", "TOML parse error at line 2"),
    ],
)
async def test_wrong_settings_of_the_connection_are_one_line_without_what_they_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    (tmp_path / "broken.toml").write_text('[profile.default]\napi_key = "hidden" x\n')
    monkeypatch.setenv(variable, value.format(folder=tmp_path))
    ran = await insyz_command("status", "1")
    assert (ran.code, ran.stdout) == (2, "")
    assert words in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert "hidden" not in ran.stderr
    async with worker_process("http://127.0.0.1:1", TOKEN) as worker:
        _, log = await worker.communicate()
    assert worker.returncode == 2
    assert b"hidden" not in log
    assert b"Traceback" not in log
