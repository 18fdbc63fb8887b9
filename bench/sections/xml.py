"""A report's way to XML, validation included: how long, and whether it grows in a straight line."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.figures import Figure, Goal
from bench.scale import Scale
from insyz.document import build_xml
from insyz.report import Report
from tests.support import vectors

SECTION = "xml"
MOMENT = datetime(2026, 6, 20, 12, tzinfo=UTC)
KILOBYTES = (30, 100, 300)
ATTACHMENTS = (500, 1_500, 5_000)
FLAT = Goal(at_most=1.2)


async def measure(scale: Scale, folder: Path) -> list[Figure]:  # noqa: ARG001 (needs no files)
    return [
        _typical(scale),
        _flatness("ms per kB", scale, [_of_kilobytes(size) for size in KILOBYTES], KILOBYTES, "kB"),
        _flatness(
            "ms per attachment", scale, [_with_attachments(n) for n in ATTACHMENTS], ATTACHMENTS, ""
        ),
    ]


def _typical(scale: Scale) -> Figure:
    cases = [case["report"] for case in vectors()]
    _transform(*cases)
    passes = [_ms(lambda: _transform(*cases)) for _ in range(scale.xml_passes)]
    means = [took / len(cases) for took in passes]
    return Figure(SECTION, "a typical report, mean", "ms", means, goal=Goal(at_most=0.35))


def _flatness(
    what: str, scale: Scale, reports: list[dict[str, Any]], sizes: tuple[int, ...], unit: str
) -> Figure:
    """The dearest size against the cheapest one, per kB or attachment, of each pass."""
    passes = max(scale.xml_passes // 4, 3)
    took = [[_ms(lambda: _transform(report)) for report in reports] for _ in range(passes)]  # noqa: B023
    # The least of each: what else the machine is at only ever adds to it.
    rates = [min(one) / size for one, size in zip(zip(*took, strict=True), sizes, strict=True)]
    named = ", ".join(
        f"{size:,} {unit}".strip() + f" {rate:.4f}" for size, rate in zip(sizes, rates, strict=True)
    )
    title = f"{what}: the dearest size / the cheapest"
    return Figure(SECTION, title, "", [max(rates)], [min(rates)], FLAT, note=named)


def _of_kilobytes(size: int) -> dict[str, Any]:
    """A report with so much JSON: the information points of a real one, over and over."""
    points = [
        one for case in vectors() for one in case["report"]["data_b"].get("Stavy_Tim", {}).values()
    ]
    report = {**vectors()[0]["report"], "data_b": {"Stavy_Tim": {}}}
    length = len(json.dumps(report, ensure_ascii=False).encode())
    for number in range(1_000_000):
        point = _without_attachments(points[number % len(points)])
        length += len(json.dumps(point, ensure_ascii=False).encode())
        if length > size * 1_000:
            break
        report["data_b"]["Stavy_Tim"][f"T{number}"] = point
    return report


def _without_attachments(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if not key.startswith("Prilohy")}
        return {key: _without_attachments(one) for key, one in kept.items()}
    return value


def _with_attachments(count: int) -> dict[str, Any]:
    """A report with so many, ten at each information point."""
    files = [
        {
            "id": number,
            "fileName": f"{number}.jpg",
            "fileType": "image/jpeg",
            "fileSize": 123_456,
            "url": f"https://portal.example.org/files/{number}.jpg",
        }
        for number in range(count)
    ]
    ids = [one["id"] for one in files]
    points = {
        f"T{first}": {"EvCi_TIM": f"T{first}", "Prilohy_TIM": ids[first : first + 10]}
        for first in range(0, count, 10)
    }
    whole = {**vectors()[0]["report"], "data_b": {"Stavy_Tim": points}, "attachments": files}
    return whole | {"data_a": {"Datum_Provedeni": "2026-06-20"}, "calculation": {}}


def _transform(*reports: dict[str, Any]) -> None:
    for report in reports:
        build_xml(Report.parse(report), submitted_at=MOMENT)


def _ms(action: Callable[[], Any]) -> float:
    """Of the processor: it only computes, and what else the machine is at does not count."""
    started = time.thread_time()
    action()
    return 1_000 * (time.thread_time() - started)
