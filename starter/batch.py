"""Many reports in a folder or in a file: reading and checking them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from insyz.errors import InvalidReportError, Problem
from insyz.report import MAX_REPORT_BYTES, Report, submission_key
from starter.reading import read_bytes, report_in


@dataclass(frozen=True, slots=True)
class Source:
    """One report of a batch: `where` it stands, and how to get its text."""

    where: str
    text: Callable[[], bytes]

    def report(self, submitted_by: int | None) -> dict[str, Any]:
        """The JSON object. Raises InvalidReportError when it is none or cannot be read."""
        given = report_in(self.text())
        return given if submitted_by is None else given | {"submitted_by": submitted_by}


def sources(batch: Path) -> Iterator[Source]:
    """The reports in folder `batch`, all *.json by their names, or in file `batch`, one a line.

    Raises InvalidReportError when there is no such folder or file.
    """
    if _is_folder(batch):
        for file in sorted(batch.glob("*.json")):
            yield Source(file.name, partial(read_bytes, str(file)))
        return
    for number, line in enumerate(_lines(batch), start=1):
        if line:
            yield Source(f"line {number}", partial(bytes, line))


def _is_folder(batch: Path) -> bool:
    try:
        return batch.is_dir()
    except OSError:  # what is wrong with the name is said when it is opened as a file
        return False


def _lines(file: Path) -> Iterator[bytes]:
    """Without the blanks around them; of one that is too long, enough to tell that it is."""
    limit = MAX_REPORT_BYTES + 2
    try:
        with file.open("rb") as opened:
            while line := opened.readline(limit):
                rest = line
                while len(rest) == limit and not rest.endswith(b"\n"):
                    rest = opened.readline(limit)
                yield line.strip()
    except (OSError, ValueError) as error:  # the latter for a name that no file can have
        why = error.strerror if isinstance(error, OSError) else error
        raise InvalidReportError(f"{file}: cannot be read: {why}") from None


@dataclass(slots=True)
class Checked:
    """What a batch holds, by where it stands: `valid` reports and their submission keys, those that
    say the same once more, and what is wrong with the rest."""

    valid: dict[str, str] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    invalid: dict[str, tuple[Problem, ...]] = field(default_factory=dict)


def check(batch: Path, submitted_by: int | None, done: Callable[[], None]) -> Checked:
    """Checks all reports of a batch, `done` is called after each; keeps none of them in memory.

    Two versions of a report are both invalid: nothing tells which one is meant.
    """
    checked = Checked()
    first: dict[int, str] = {}
    for source in sources(batch):
        try:
            report = Report.parse(source.report(submitted_by))
        except InvalidReportError as error:
            checked.invalid[source.where] = error.problems or (Problem("", str(error)),)
        else:
            _place(checked, source.where, report, first.setdefault(report.id_zp, source.where))
        done()
    return checked


def _place(checked: Checked, where: str, report: Report, first: str) -> None:
    key = submission_key(report)
    if first == where:
        checked.valid[where] = key
    elif checked.valid.get(first) == key:
        checked.repeated.append(where)
    else:
        checked.valid.pop(first, None)
        for one, other in ((where, first), (first, where)):
            problem = Problem("id_zp", f"{report.id_zp} stands in {other} with other content")
            checked.invalid.setdefault(one, (problem,))
