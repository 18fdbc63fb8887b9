"""Which room may import what; the table stands in docs/design.md."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FORBIDDEN = {
    "insyz": {"temporalio", "activities", "workflows", "starter", "simulator", "worker"},
    "activities": {"httpx", "lxml", "sqlalchemy", "starter", "simulator", "worker"},
    "workflows": {"httpx", "lxml", "sqlalchemy", "os", "time", "random", "datetime.datetime.now",
                  "insyz.settings", "pydantic_settings", "starter", "simulator", "worker"},
    "starter": {"activities", "httpx", "lxml", "simulator"},
    "observability": {"activities", "httpx", "lxml", "sqlalchemy", "simulator", "worker"},
}  # fmt: skip
ONLY_IN = {
    "httpx": {"insyz/http_gateway.py", "insyz/transport.py", "insyz/webhook.py"},
    "sqlalchemy": {
        "insyz/store.py",
        "insyz/store_database.py",
        "insyz/store_handover.py",
        "insyz/store_schema.py",
    },
    "lxml": {"insyz/document.py"},
    "pytds": {"insyz/sql_driver.py"},
    "cryptography": {"insyz/sql_tls.py", "starter/payloads/encryption.py"},
    "h11": {"starter/codec_server/http.py"},
    "opentelemetry": {"observability/tracing.py", "starter/bare_spans.py", "starter/tracing.py"},
    "pydantic_settings": {"insyz/environment.py"},
}
LOWEST = {
    "insyz/errors.py",
    "insyz/attachments.py",
    "insyz/bounds.py",
    "insyz/legible.py",
    "insyz/outcome.py",
    "insyz/place.py",
    "insyz/report.py",
    "workflows/activity_contract.py",
    "workflows/contract.py",
}
LOWEST_MAY = {
    *sys.stdlib_module_names, "pydantic", "pydantic_core", *(
        module.removesuffix(".py").replace("/", ".") for module in LOWEST
    ),
}  # fmt: skip


def modules(folder: str) -> Iterator[Path]:
    yield from sorted((ROOT / folder).rglob("*.py"))


def imports(module: Path) -> set[str]:
    """Every module that `module` names in an import, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_a_layer_imports_nothing_that_is_not_its_business(folder: str) -> None:
    for module in modules(folder):
        wrong = {name for name in imports(module) if within(name, FORBIDDEN[folder])}
        assert not wrong, f"{module.relative_to(ROOT)} imports {wrong}"


def test_activities_know_nothing_of_workflows_but_the_contract() -> None:
    for module in modules("activities"):
        ours = {name for name in imports(module) if within(name, {"workflows"})}
        assert ours <= {"workflows.activity_contract", "workflows.contract"}, module


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_library_has_one_home(package: str) -> None:
    users = {
        str(module.relative_to(ROOT))
        for folder in ("insyz", "activities", "workflows", "starter", "observability")
        for module in modules(folder)
        if any(within(name, {package}) for name in imports(module))
    }
    assert users == ONLY_IN[package]


@pytest.mark.parametrize("module", sorted(LOWEST))
def test_the_lowest_layer_stands_on_the_standard_library_and_pydantic(module: str) -> None:
    wrong = {name for name in imports(ROOT / module) if not within(name, LOWEST_MAY)}
    assert not wrong


@pytest.mark.parametrize("command", ["submit", "status"])
def test_a_starter_does_not_load_what_only_the_worker_needs(command: str) -> None:
    """Each takes tens of milliseconds that the portal's user would wait for."""
    program = (
        "import os, sys\n"
        "from starter.cli import main\n"
        f"code = main(['{command}', '1'])\n"
        "print(*sys.modules, flush=True)\n"
        "os._exit(0)\n"  # a process that used the SDK does not end safely otherwise
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    unwanted = {"httpx", "lxml", "sqlalchemy", "pydantic_settings", "activities", "rich"}
    assert not (unwanted | {"opentelemetry"}) & {*loaded}


def test_nothing_of_the_pipeline_reads_xml() -> None:
    """Then no entity can be expanded. What only writes is all that is imported for XML."""
    writing = {"Element", "SubElement", "_Element", "tostring"}
    for folder in ("insyz", "activities", "workflows", "starter", "observability", "lifetime"):
        for module in [*modules(folder), ROOT / "worker.py"]:
            others = {name for name in imports(module) if within(name, {"lxml", "xml", "html"})}
            assert others <= {"lxml.etree"}, module
            if others:
                tree = ast.walk(ast.parse(module.read_text(encoding="utf-8")))
                taken = [one for one in tree if isinstance(one, ast.ImportFrom | ast.Import)]
                xml = [one for one in taken if getattr(one, "module", "") == "lxml.etree"]
                assert {alias.name for one in xml for alias in one.names} <= writing
