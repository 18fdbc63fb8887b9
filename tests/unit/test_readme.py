"""What the README says of settings, exit codes and phases is what the code says."""

import re
from pathlib import Path

from insyz.settings import Settings
from starter.exit_codes import MEANING
from workflows.contract import Phase

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """The rows of the table under `heading` (its first line), by their first cell."""
    lines = README[README.index(heading) :].splitlines()[2:]
    table = {}
    for line in lines:
        if not line.startswith("|"):
            break
        first, *rest = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        table[first] = rest
    return table


def test_every_setting_stands_in_the_table_with_its_default() -> None:
    table = rows("| variable |")
    assert list(table) == [name.upper() for name in Settings.model_fields]
    for name, field in Settings.model_fields.items():
        default = "required" if field.is_required() else str(field.default)
        assert table[name.upper()][0] == default
        assert field.description is not None
        assert (
            table[name.upper()][1].replace("`", "").startswith(field.description.replace("`", ""))
        )


def test_every_exit_code_stands_in_the_table() -> None:
    assert rows("| exit code |") == {str(code.value): [text] for code, text in MEANING.items()}


def test_every_phase_stands_in_the_table() -> None:
    named = {name for cell in rows("| `phase` |") for name in re.findall(r"\w+", cell)}
    assert named == {phase.value for phase in Phase}
