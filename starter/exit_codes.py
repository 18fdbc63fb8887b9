"""What the `insyz` command and the worker say by their exit code."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes; the docstrings of the members are what `--help` shows."""

    OK = 0
    FAILED = 1
    INVALID = 2
    STILL_RUNNING = 3
    UNREACHABLE = 4
    ALREADY_SUBMITTED = 5


MEANING = {
    ExitCode.OK: "accepted by Temporal, or submitted to INSYZ",
    ExitCode.FAILED: "the submission failed, the report was rejected, or nothing is known of it",
    ExitCode.INVALID: "invalid report, wrong usage or wrong settings; nothing was started",
    ExitCode.STILL_RUNNING: "still running after the wait; it goes on in the background",
    ExitCode.UNREACHABLE: "Temporal cannot be reached; submitting again is safe",
    ExitCode.ALREADY_SUBMITTED: "INSYZ has this report already (--resend sends it once more)",
}


def table() -> str:
    """The codes and their meaning, a line each."""
    return "\n".join(f"  {code.value}  {meaning}" for code, meaning in MEANING.items())
