"""Secrets from files, as containers, systemd and secret stores hand them over: `INSYZ_TOKEN_FILE`
names a file that holds what would otherwise stand in `INSYZ_TOKEN`.

Only the standard library: a starter must start fast.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

SUFFIX = "_FILE"
MAX_BYTES = 16_384


class SecretFileError(Exception):
    """A secret cannot be had; the text names the variable, never what it holds."""


def is_given(variable: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether `variable` is given, by itself or as a file."""
    return bool(environ.get(variable) or environ.get(variable + SUFFIX))


def secret_of(variable: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """What `variable` or the file that `…_FILE` names holds, without the last line's end.

    None where neither is set; empty counts as not set. Raises SecretFileError.
    """
    given, file = environ.get(variable), environ.get(variable + SUFFIX)
    if not file:
        return given or None
    if given:
        raise SecretFileError(f"{variable}: {variable}{SUFFIX} is set as well, one must go")
    try:
        return _content(Path(file))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise SecretFileError(f"{variable}{SUFFIX}: {why}") from None


def secrets_in_files(
    variables: Iterable[str], environ: Mapping[str, str] = os.environ
) -> tuple[dict[str, str], dict[str, str]]:
    """By variable: the secrets that stand in files, and what is wrong with those that cannot be
    had."""
    found: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for variable in variables:
        if environ.get(variable + SUFFIX):
            try:
                found[variable] = secret_of(variable, environ) or ""
            except SecretFileError as error:
                wrong[variable] = str(error)
    return found, wrong


def _content(file: Path) -> str:
    if not file.is_file():  # a pipe would be waited for
        raise ValueError("no such file")
    with file.open("rb") as opened:
        content = opened.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"holds more than {MAX_BYTES:,} bytes")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise ValueError("is empty")
    return text
