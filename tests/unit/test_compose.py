"""The deployment files: what can be said of them without a Docker engine."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from insyz.settings import Settings
from starter.cli import parser
from starter.doctor.examination import chosen
from starter.doctor.report import CHECKS
from starter.embedded import ORPHANS_KEPT, RETENTION
from workflows.visibility import ATTRIBUTES

ROOT = Path(__file__).parents[2]
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SCRIPTS = sorted((ROOT / "deploy" / "compose").glob("*.sh"))

ONE_SHOT = {"temporal-schema", "temporal-setup"}
OURS = ["worker", "simulator"]

DOCTORS_SECS = 15
"""What `insyz doctor` takes at most."""

EXACT_IMAGE = re.compile(r"(postgres:\d+\.\d+|[a-z][a-z/-]*:\d+\.\d+\.\d+)(-[a-z-]+)?")
"""No registry, and no tag that moves; PostgreSQL's versions have two parts."""
SECRET = re.compile(r"PASSWORD|PWD|TOKEN|SECRET|KEY")
OPTIONAL = re.compile(r"\$\{\w+:-\}")
REQUIRED = re.compile(r"\$\{(\w+):\?[^}]*\b\1\b[^}]*\}")
"""A variable whose absence stops compose with a message that names it."""


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments, each on one line."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return [(instruction, arguments) for instruction, arguments in pairs]


def arguments_of(instruction: str) -> list[str]:
    return [arguments for name, arguments in instructions() if name == instruction]


def stages() -> dict[str, str]:
    """The Dockerfile's stages and what each is built from, in their order."""
    return {name: base for base, _, name in map(str.split, arguments_of("FROM"))}


def seconds(duration: str) -> int:
    assert re.fullmatch(r"\d+s", duration)
    return int(duration.removesuffix("s"))


def environment(service: str) -> dict[str, str]:
    return {name: str(value) for name, value in SERVICES[service].get("environment", {}).items()}


@pytest.mark.parametrize("file", ["docker-compose.yml", "deploy/compose/secrets.yml"])
def test_a_compose_file_is_valid_by_the_compose_specification(file: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec",
         str(ROOT / file)],
        check=True,
    )  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_every_image_is_built_here_or_pinned_to_an_exact_version(service: str) -> None:
    if service in OURS:
        assert SERVICES[service]["build"]["target"] == service
        assert "image" not in SERVICES[service]
    else:
        assert EXACT_IMAGE.fullmatch(SERVICES[service]["image"])


def test_temporals_tools_are_of_the_same_version_as_its_server() -> None:
    versions = {SERVICES[service]["image"].partition(":")[2] for service in {"temporal", *ONE_SHOT}}
    assert len(versions) == 1


def test_every_secret_comes_from_the_environment_and_is_required_where_it_is_needed() -> None:
    secrets = {
        (service, name): value
        for service in SERVICES
        for name, value in environment(service).items()
        if SECRET.search(name)
    }
    assert len(secrets) >= 5
    for (service, name), value in secrets.items():
        setting = Settings.model_fields.get(name.lower())
        needed = setting is None or setting.is_required()
        assert (REQUIRED if needed else OPTIONAL).fullmatch(value), (service, name)


def test_the_example_environment_names_every_variable_and_holds_no_secret() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    required = {match[1] for match in REQUIRED.finditer(COMPOSE_TEXT)}
    used = set(re.findall(r"\$\{(\w+)", COMPOSE_TEXT))
    assert set(re.findall(r"^(\w+)=$", example, re.MULTILINE)) == required
    assert set(re.findall(r"^#(\w+)=$", example, re.MULTILINE)) == used - required
    assert not re.search(r"^#?\w+=.", example, re.MULTILINE)


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_published_on_the_loopback_interface_only(service: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[service].get("ports", []))


@pytest.mark.parametrize("service", OURS)
def test_what_we_build_runs_read_only_and_without_capabilities(service: str) -> None:
    ours = SERVICES[service]
    assert ours["read_only"] is True
    assert ours["cap_drop"] == ["ALL"]
    assert ours["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "user"} & ours.keys()


def test_a_stopping_worker_has_longer_than_a_try_takes() -> None:
    try_secs = Settings.model_fields["insyz_try_secs"].default
    assert seconds(SERVICES["worker"]["stop_grace_period"]) > try_secs


def test_the_worker_is_passed_only_settings_that_exist() -> None:
    passed = {name for name in environment("worker") if not name.startswith("TEMPORAL_")}
    assert passed == {name.upper() for name in Settings.model_fields}


def test_secrets_as_files_take_the_place_of_variables_that_exist() -> None:
    overlay = yaml.safe_load((ROOT / "deploy/compose/secrets.yml").read_text(encoding="utf-8"))
    worker = overlay["services"]["worker"]
    given = {name: value for name, value in worker["environment"].items() if value}
    for name, file in given.items():
        variable = name.removesuffix("_FILE")
        assert variable in Settings.secrets() or name.lower() in Settings.model_fields
        assert variable not in Settings.secrets() or worker["environment"][variable] == ""
        assert file.removeprefix("/run/secrets/") in worker["secrets"]
    assert set(worker["secrets"]) == overlay["secrets"].keys()


def test_the_worker_gets_every_setting_that_has_no_default() -> None:
    required = {name for name, field in Settings.model_fields.items() if field.is_required()}
    assert {name.upper() for name in required} <= environment("worker").keys()


def test_the_simulator_takes_the_token_that_the_worker_sends() -> None:
    given = environment("simulator")["SIMULATOR_TOKEN"], environment("worker")["INSYZ_TOKEN"]
    assert [re.findall(r"\$\{(\w+)", value) for value in given] == [["INSYZ_TOKEN"]] * 2


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_waits_until_its_dependencies_are_done_or_healthy(service: str) -> None:
    for dependency, wait in SERVICES[service].get("depends_on", {}).items():
        done = dependency in ONE_SHOT
        assert wait == {
            "condition": "service_completed_successfully" if done else "service_healthy"
        }
        assert done or "healthcheck" in SERVICES[dependency]


def test_all_but_the_one_shots_are_restarted_and_have_a_health_check() -> None:
    assert {name for name, service in SERVICES.items() if "restart" not in service} == ONE_SHOT
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == ONE_SHOT


def test_the_worker_is_healthy_when_insyz_doctor_says_so_within_its_time() -> None:
    check = SERVICES["worker"]["healthcheck"]
    docker, program, *command = check["test"]
    assert (docker, program) == ("CMD", "insyz")
    arguments = parser().parse_args(command)
    assert chosen(CHECKS, arguments.only)
    assert arguments.worker == "here"
    assert seconds(check["timeout"]) > DOCTORS_SECS


def test_what_is_mounted_is_there_and_read_only() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    for source, _, *options in (mount.split(":") for mount in mounts):
        if source.startswith("."):
            assert (ROOT / source).exists()
            assert options == ["ro"]
        else:
            assert source in COMPOSE["volumes"]


def test_the_image_is_built_from_one_base_of_an_exact_version() -> None:
    bases = [base for base in stages().values() if base not in stages()]
    assert len(bases) == 1
    assert EXACT_IMAGE.fullmatch(bases[0])


def test_the_worker_is_what_the_dockerfile_builds_by_default() -> None:
    assert list(stages())[-1] == "worker"


def test_both_images_run_as_a_numeric_user_that_is_not_root() -> None:
    assert arguments_of("USER") == ["10001:10001"]
    assert all(stages()[target] == "runtime" for target in OURS)


def test_nothing_is_installed_without_a_hash() -> None:
    installing = [command for command in arguments_of("RUN") if "install" in command.split()]
    assert installing
    assert all("--require-hashes" in command for command in installing)


def test_no_registry_is_named() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8") + COMPOSE_TEXT
    assert not re.search(r"--(extra-)?index-url|PIP_INDEX|latest\b|\.io/|\.org\b", text)


def test_insyz_in_the_image_is_the_projects_console_script() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, function = project["scripts"]["insyz"].partition(":")
    [script] = [command for command in arguments_of("RUN") if "bin/insyz" in command]
    assert f"'from {module} import {function}'" in script
    assert f"'{function}()'" in script


def test_the_build_sees_only_what_it_copies() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = {
        arguments.split()[0] for arguments in arguments_of("COPY") if "--from" not in arguments
    }
    assert ignore[1] == "*"
    assert {line.removeprefix("!") for line in ignore if line.startswith("!")} == copied
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_is_valid_shell_and_is_run_by_a_service(script: Path) -> None:
    subprocess.run(["sh", "-n", str(script)], check=True)
    entry_points = [service.get("entrypoint") for service in SERVICES.values()]
    assert ["/bin/sh", f"/scripts/{script.name}"] in entry_points


class Recorded:
    """Runs a script with a stand-in for the one command that it uses."""

    def __init__(self, folder: Path, command: str, *, failing: str = "nothing") -> None:
        self._calls = folder / "calls"
        self._path = folder
        stand_in = folder / command
        stand_in.write_text(
            f'#!/bin/sh\necho "$*" >> "{self._calls}"\ncase "$*" in *"{failing}"*) exit 1;; esac\n',
            encoding="utf-8",
        )
        stand_in.chmod(0o755)

    def run(self, script: str, **variables: str) -> int:
        path = f"{self._path}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["sh", str(ROOT / "deploy" / "compose" / script)],
            env={"PATH": path, **variables},
            check=False,
        ).returncode

    @property
    def calls(self) -> list[str]:
        return self._calls.read_text(encoding="utf-8").splitlines()


def test_the_schema_script_creates_sets_up_and_updates_both_databases(tmp_path: Path) -> None:
    tool = Recorded(tmp_path, "temporal-sql-tool")
    assert tool.run("temporal-schema.sh") == 0
    assert [call.split()[1:3] for call in tool.calls] == [
        [database, step]
        for database in ("temporal", "temporal_visibility")
        for step in ("create", "setup-schema", "update-schema")
    ]


def test_the_schema_script_ends_at_the_first_failure(tmp_path: Path) -> None:
    tool = Recorded(tmp_path, "temporal-sql-tool", failing="setup-schema")
    assert tool.run("temporal-schema.sh") != 0
    assert len(tool.calls) == 2


@pytest.mark.parametrize(
    ("failing", "step"), [("namespace describe", "create"), ("nothing", "update")]
)
def test_the_setup_script_creates_the_namespace_or_updates_its_retention(
    tmp_path: Path, failing: str, step: str
) -> None:
    cli = Recorded(tmp_path, "temporal", failing=failing)
    assert cli.run("temporal-setup.sh", TEMPORAL_NAMESPACE="reports") == 0
    hours = RETENTION.total_seconds() / 3600
    expected = f"operator namespace {step} --namespace reports --retention {hours:g}h"
    changes = [call for call in cli.calls if re.search(r"namespace (create|update)", call)]
    assert changes == [expected]


def test_inputs_of_refused_starts_are_kept_as_long_as_by_the_embedded_server() -> None:
    file = ROOT / "deploy/compose/dynamicconfig.yaml"
    key, _, value = ORPHANS_KEPT.partition("=")
    configured = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert configured == {key: [{"value": value.strip('"')}]}


def test_the_setup_registers_the_same_search_attributes_as_the_command() -> None:
    script = (ROOT / "deploy/compose/temporal-setup.sh").read_text(encoding="utf-8")
    registered = dict(re.findall(r"--name (\w+) --type (\w+)", script))
    assert registered == {key.name: key.indexed_value_type.name.title() for key in ATTRIBUTES}
