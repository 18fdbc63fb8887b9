"""How a command that handles many reports says what became of them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from starter.bulk import Tally
from starter.connection import TemporalUnreachableError
from starter.exit_codes import ExitCode
from starter.output import answer, answer_json, tell


def conclude(
    tally: Tally,
    total: int,
    *,
    as_json: bool,
    besides: Mapping[str, Any] | None = None,
    stopped: TemporalUnreachableError | None = None,
) -> ExitCode:
    """Answers with the tally and what else there is to say; `stopped`: why it is not complete."""
    for name, why in tally.failed.items():
        tell(f"{name}: {why}")
    if stopped:
        tell(f"insyz: {stopped}; {tally.total} of {total} done, running it again is safe")
    answer_summary(dict(besides or {}) | asdict(tally) | _error(stopped), as_json=as_json)
    if stopped:
        return ExitCode.UNREACHABLE
    return ExitCode.FAILED if tally.failed else ExitCode.OK


def answer_summary(result: Mapping[str, Any], *, as_json: bool) -> None:
    """For people, only how many of each."""
    if as_json:
        answer_json(dict(result))
        return
    counts = {name: some if isinstance(some, int) else len(some) for name, some in result.items()}
    counts.pop("error", None)
    answer(", ".join(f"{name}: {count}" for name, count in counts.items()))


def _error(stopped: Exception | None) -> dict[str, Any]:
    if stopped is None:
        return {}
    return {"error": {"type": type(stopped).__name__, "message": str(stopped)}}
