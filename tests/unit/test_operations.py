"""The commands that the documents name exist, and both languages say the same."""

import argparse
import re
import shlex
from pathlib import Path

import pytest

from starter.cli import parser

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ENGLISH, CZECH = (
    (ROOT / "docs" / name).read_text("utf-8") for name in ("operations.md", "provoz.md")
)

FENCED = re.compile(r"^ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
CALL = re.compile(r"(?:^|(?<=[\s/\"']))insyz (?=[a-z])(?P<arguments>[^|;&<>\n`]*)")
"""The command where it is called: not after an option whose value it is (`--namespace insyz`)."""
COMMENT = re.compile(r"(^|\s)#.*$", re.MULTILINE)
VALUE_OF_AN_OPTION = re.compile(r"(^|\s)--?[a-z-]+ insyz (?=[a-z])")
HAVE_A_NUMBER = re.compile(r"\bID_ZP\b")


def calls(text: str) -> list[list[str]]:
    """The arguments of each call of `insyz` in shell text."""
    text = (
        VALUE_OF_AN_OPTION.sub(" ", COMMENT.sub("", text)).replace("\\\n", " ").replace("\\|", " ")
    )
    return [
        shlex.split(HAVE_A_NUMBER.sub("53773", call["arguments"])) for call in CALL.finditer(text)
    ]


def in_blocks(text: str) -> list[list[str]]:
    return [call for block in FENCED.findall(text) if "insyz" in block for call in calls(block)]


def in_lines(text: str) -> list[list[str]]:
    return [call for code in INLINE.findall(FENCED.sub("", text)) for call in calls(code)]


def commands_of(one: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    actions = (each for each in one._actions if isinstance(each, argparse._SubParsersAction))
    return {name: sub for action in actions for name, sub in action.choices.items()}


def check(arguments: list[str]) -> None:
    """That the command and its options exist; arguments may be left out."""
    at, known = parser(), {"--help"}
    for position, word in enumerate(arguments):
        if word in (deeper := commands_of(at)):
            at = deeper[word]
            known |= at._option_string_actions.keys()
        else:
            assert position > 0, f"no such command: insyz {word}"
            assert not word.startswith("--") or word.partition("=")[0] in known, (arguments, word)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_command_that_is_named_exists_with_its_options(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for arguments in in_blocks(text) + in_lines(text):
        check(arguments)


def test_the_commands_in_code_can_be_run_as_they_stand() -> None:
    for arguments in in_blocks(ENGLISH):
        parser().parse_args(arguments)


def test_the_check_sees_the_commands_and_what_is_wrong_with_them() -> None:
    assert len(in_blocks(ENGLISH)) > 25
    assert len(in_lines(ENGLISH)) > 25
    assert not calls("kubectl --namespace insyz create secret generic insyz-secrets")
    for wrong in (["unheard-of"], ["failed", "retry", "--unheard-of"]):
        with pytest.raises(AssertionError):
            check(wrong)


def test_both_languages_have_the_same_chapters() -> None:
    levels = [
        re.findall(r"^#+(?= )", FENCED.sub("", text), re.MULTILINE) for text in (ENGLISH, CZECH)
    ]
    assert levels[0] == levels[1]


def test_both_languages_name_the_same_commands_in_the_same_order() -> None:
    assert in_blocks(ENGLISH) == in_blocks(CZECH)
    assert in_lines(ENGLISH) == in_lines(CZECH)


def test_both_languages_have_tables_of_the_same_length() -> None:
    rows = [re.findall(r"^\|.*\|$", text, re.MULTILINE) for text in (ENGLISH, CZECH)]
    assert len(rows[0]) == len(rows[1])


@pytest.mark.parametrize("text", [ENGLISH, CZECH], ids=["english", "czech"])
def test_a_link_leads_to_a_file_or_a_chapter(text: str) -> None:
    chapters = {
        re.sub(r"[^\w-]", "", title.lower().replace(" ", "-"))
        for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        file, _, chapter = target.partition("#")
        assert (ROOT / "docs" / file).exists() if file else chapter in chapters, target
