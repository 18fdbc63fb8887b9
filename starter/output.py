"""stdout is the answer, stderr is for people."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from insyz.legible import legible, legible_json
from workflows.contract import Phase, State, Status

LABELS = {
    State.DRAFT: "Rozpracováno",
    State.SEND: "Odesláno",
    State.SUBMITTED: "Přijato",
    State.REJECTED: "Zamítnuto",
    State.APPROVED: "Schváleno",
}
"""The portal's own labels of its states (domain.md)."""


WHOLE_LINES = 500
"""Columns; more than any of our tables needs."""


def answer(text: str) -> None:
    """As it is: it may be a document."""
    sys.stdout.write(text + "\n")


def answer_json(value: dict[str, Any]) -> None:
    """One JSON object on one line."""
    answer(legible_json(json.dumps(value, ensure_ascii=False)))


def tell(*lines: str) -> None:
    """For people. A line stays one, whatever it quotes."""
    sys.stderr.write("".join(f"{legible(line)}\n" for line in lines))


def answer_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table for people; whole lines where the answer does not go to a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(legible(cell)) for cell in row))
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = WHOLE_LINES
    console.print(table)


def status_lines(status: Status) -> str:
    """A status for people, a few lines."""
    lines = [f"{status.cislo_zp or ''} (id_zp {status.id_zp}): {LABELS[status.state]}".lstrip()]
    lines.append(f"  phase    {status.phase}, tries: {status.attempt}")
    if status.receipt is not None:
        lines.append(f"  receipt  {receipt_text(status.receipt)}")
    if status.error is not None:
        lines.append(
            f"  {'error' if status.phase is Phase.FAILED else 'last try':8} "
            f"{status.error.type}: {status.error.message}"
        )
    if status.next_try is not None:
        lines.append(f"  next     {status.next_try.astimezone():%Y-%m-%d %H:%M:%S}")
    if status.decision is not None:
        decided = status.decision
        lines.append(f"  decided  {decided.decision} by {decided.by}: {decided.why}")
    lines += [f"  warning  {warning}" for warning in status.warnings]
    lines.append(f"  {status.message}")
    return "\n".join(map(legible, lines))


def receipt_text(receipt: dict[str, Any] | None) -> str:
    """INSYZ's receipt in a few words: its number, else its time, else all that it said."""
    if receipt is None:
        return ""
    for name in ("receipt", "submitted_at"):
        if receipt.get(name):
            return str(receipt[name])
    return json.dumps(receipt, ensure_ascii=False)
