"""The `insyz` command: its parser, and what each kind of failure looks like to the caller."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from insyz.errors import InvalidReportError
from insyz.legible import legible
from insyz.logs import TextFormatter
from starter.exit_codes import ExitCode, table
from starter.output import answer_json, tell

COMMANDS = (
    "submit",
    "submit_many",
    "status",
    "open",
    "show",
    "stats",
    "retry",
    "failed",
    "resolve",
    "cancel",
    "xml",
    "schema",
    "setup",
    "worker",
    "server",
    "codec_server",
    "backup",
    "restore",
    "doctor",
    "ensure_worker",
)

EPILOG = f"""\
exit codes:
{table()}

examples:
  insyz submit report.json                 hand over a report and return
  insyz submit - --wait --json <r.json     wait up to 45 s for the outcome, answer in JSON
  insyz status 53773                       what became of it

The connection is configured as for the temporal CLI: TEMPORAL_ADDRESS (localhost:7233),
TEMPORAL_NAMESPACE (default), TEMPORAL_API_KEY, TEMPORAL_TLS_…, TEMPORAL_PROFILE.
"""


EXIT_CODES = {
    "InvalidReportError": ExitCode.INVALID,
    "SettingsError": ExitCode.INVALID,
    "ValidationError": ExitCode.INVALID,
    "TracingUnavailableError": ExitCode.INVALID,
    "PayloadKeysError": ExitCode.INVALID,
    "ConnectionSettingsError": ExitCode.INVALID,
    "UnreadablePayloadError": ExitCode.FAILED,
    "CodecServerError": ExitCode.INVALID,
    "TemporalUnreachableError": ExitCode.UNREACHABLE,
    "NoAnswerError": ExitCode.UNREACHABLE,
    "AlreadySubmittedError": ExitCode.ALREADY_SUBMITTED,
    "AlreadyDoneError": ExitCode.ALREADY_SUBMITTED,
    "OtherContentError": ExitCode.FAILED,
    "UnknownReportError": ExitCode.FAILED,
    "ReportNotFoundError": ExitCode.FAILED,
    "NotSendableError": ExitCode.FAILED,
    "NotOpenError": ExitCode.FAILED,
    "NothingToDecideError": ExitCode.FAILED,
    "NoWorkerError": ExitCode.FAILED,
    "ServerError": ExitCode.FAILED,
    "StateFileError": ExitCode.FAILED,
    "NoWorkerStartedError": ExitCode.FAILED,
    "StoreUnavailableError": ExitCode.FAILED,
    "StoreMisconfiguredError": ExitCode.INVALID,
}
"""Failures that callers meet, by the name of their class: to know them by the class itself, each
command would have to load the modules of all."""


class _Parser(argparse.ArgumentParser):
    """What it repeats of a wrong command line is no more to be trusted than a report."""

    def error(self, message: str) -> NoReturn:
        super().error(legible(message))


def parser(only: str | None = None) -> argparse.ArgumentParser:
    """The parser of all commands, or of one; others are not loaded then."""
    top = _Parser(
        prog="insyz",
        description="Work reports to INSYZ, exactly once.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for name in COMMANDS if only is None else [only]:
        import_module(f"starter.commands.{name}").add_parser(commands)
    return top


def _named_command(argv: Sequence[str]) -> str | None:
    name = argv[0].replace("-", "_") if argv else ""
    return name if name in COMMANDS else None


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code. argparse itself leaves with 2 on wrong usage."""
    _log_errors()
    argv = sys.argv[1:] if argv is None else argv
    args = parser(_named_command(argv)).parse_args(argv)
    try:
        code: ExitCode = asyncio.run(args.run(args))
        return code
    except KeyboardInterrupt:
        tell("interrupted; what Temporal has accepted goes on")
        return ExitCode.STILL_RUNNING
    except Exception as error:
        return _explain(error, as_json=getattr(args, "json", False))


def _log_errors() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TextFormatter("%(message)s"))
    logging.basicConfig(level=logging.ERROR, handlers=[handler])


def _explain(error: Exception, *, as_json: bool) -> int:
    """One clear line for the failures that callers meet; a bug keeps its traceback."""
    code = _exit_code(error)
    if code is None:
        raise error
    words = str(error)
    # The only one that has lines of its own; it quotes nothing that others wrote.
    lines = words.split("\n") if type(error).__name__ == "SettingsError" else [words]
    tell(f"insyz: {lines[0]}", *lines[1:])
    if as_json:
        answer_json(_as_json(error))
    return code


def _exit_code(error: Exception) -> ExitCode | None:
    """By the name of its class: the modules that raise them are not loaded for this."""
    return EXIT_CODES.get(type(error).__name__)


def _as_json(error: Exception) -> dict[str, object]:
    described: dict[str, object] = {"error": {"type": type(error).__name__, "message": str(error)}}
    if isinstance(error, InvalidReportError):
        described["problems"] = [
            {"field": problem.field, "message": problem.message} for problem in error.problems
        ]
    if status := getattr(error, "status", None):
        described = status.model_dump(mode="json") | described
    return described
