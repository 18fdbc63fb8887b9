"""The systemd units: what can be said of them where systemd does not run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from insyz.settings import Settings
from starter.cli import parser
from starter.server import STOP_SECS

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy" / "systemd"
FILES = sorted(entry for entry in UNITS.iterdir() if entry.is_file())
SERVICES = [unit for unit in FILES if unit.suffix == ".service"]
INSTALLED = "/opt/insyz"
MAX_EXPOSURE = 2.0
"""Of systemd's 0 (safe) to 10; a service without any hardening has 9.6."""


def settings(unit: str) -> dict[str, str]:
    """The settings of a unit; of one that stands there twice, the last."""
    lines = (UNITS / unit).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"\w+=", line))


def seconds(unit: str, setting: str) -> int:
    return int(settings(unit)[setting].removesuffix("s"))


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as they would be installed, with the programs and documents of this checkout."""
    folder = tmp_path / "units"
    shutil.copytree(UNITS, folder)
    for unit in (folder / original.name for original in FILES):
        text = unit.read_text(encoding="utf-8")
        text = text.replace(f"{INSTALLED}/.venv/bin", str(Path(sys.executable).parent))
        unit.write_text(text.replace(INSTALLED, str(ROOT)), encoding="utf-8")
    return folder


def analyze(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """systemd's own judgement. A colon at the end: and then the units of this machine."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(
        ["systemd-analyze", *args],
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{folder}:"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("unit", FILES, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong_with_a_unit(unit: Path, installed: Path) -> None:
    verdict = analyze(installed, "verify", str(installed / unit.name))
    assert (verdict.returncode, verdict.stderr) == (0, "")


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_is_exposed_little(service: Path, installed: Path) -> None:
    judged = analyze(installed, "security", "--offline=yes", str(installed / service.name))
    found = re.search(r"exposure level for \S+ ([\d.]+)", judged.stdout)
    if found is None:
        pytest.skip(f"this systemd cannot judge offline: {judged.stderr}")
    assert float(found[1]) <= MAX_EXPOSURE


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_runs_a_command_that_exists(service: Path) -> None:
    program, *command = settings(service.name)["ExecStart"].split()
    assert program == f"{INSTALLED}/.venv/bin/insyz"
    assert parser().parse_args(command).run


def test_what_runs_always_is_restarted_always_and_without_end() -> None:
    for unit in ("insyz-server.service", "insyz-worker.service"):
        assert settings(unit)["Restart"] == "always"
        assert settings(unit)["StartLimitIntervalSec"] == "0"
        assert settings(unit)["KillSignal"] == "SIGTERM"


def test_a_stopping_worker_has_longer_than_a_try_takes() -> None:
    try_secs = Settings.model_fields["insyz_try_secs"].default
    assert seconds("insyz-worker.service", "TimeoutStopSec") > try_secs


def test_a_stopping_server_has_longer_than_it_is_given_by_insyz_server() -> None:
    assert seconds("insyz-server.service", "TimeoutStopSec") > STOP_SECS


def test_the_worker_that_the_timer_starts_outlives_what_started_it() -> None:
    assert settings("insyz-ensure-worker.service")["KillMode"] == "process"


def test_all_that_is_installed_has_the_prefix_that_the_common_settings_go_by() -> None:
    assert all(entry.name.startswith("insyz-") for entry in UNITS.iterdir())
    assert (UNITS / "insyz-.service.d" / "common.conf").exists()
    assert "cp -r deploy/systemd/insyz-* /etc/systemd/system/" in (
        UNITS / "insyz-server.service"
    ).read_text(encoding="utf-8")
