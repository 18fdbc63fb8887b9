"""What the worker is made of: pinned, hashed, with its licences listed."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==\S+", re.MULTILINE)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(file: str) -> dict[str, str]:
    """The requirements of `file` and what stands with each."""
    text = (ROOT / file).read_text(encoding="utf-8")
    starts = [*PINNED.finditer(text)]
    ends = [match.start() for match in starts[1:]] + [len(text)]
    return {
        normal(match[1]): text[match.start() : end] for match, end in zip(starts, ends, strict=True)
    }


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_and_has_a_hash(file: str) -> None:
    requirements = pinned(file)
    assert len(requirements) > 20
    for name, text in requirements.items():
        assert "--hash=sha256:" in text, name
    others = re.findall(r"^(?![\s#])(?!.*==)\S+", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    assert others == []


def test_the_licence_of_every_requirement_is_listed() -> None:
    table = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+) +\| (.+?) +\|$", table, re.MULTILINE)
    listed = {normal(name): licence for name, licence in rows if name != "Name"}
    assert listed.keys() == pinned("requirements.txt").keys()
    assert not any(re.search(r"UNKNOWN|(?<!L)GPL|AGPL", licence) for licence in listed.values())


def test_what_is_shipped_has_the_versions_that_are_tested() -> None:
    tested = {name: text.split()[0] for name, text in pinned("requirements-dev.txt").items()}
    shipped = {name: text.split()[0] for name, text in pinned("requirements.txt").items()}
    assert shipped.items() <= tested.items()
