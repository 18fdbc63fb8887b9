"""All checks in their order, and what came of them for people and for programs."""

from collections.abc import Iterator, Sequence
from typing import Any

from starter.doctor import clock, insyz, machine, temporal
from starter.doctor.examination import Check, Finding, Verdict

CHECKS: tuple[Check, ...] = (*machine.CHECKS, *temporal.CHECKS, *clock.CHECKS, *insyz.CHECKS)


def healthy(findings: Sequence[Finding]) -> bool:
    return all(finding.verdict is not Verdict.FAILED for finding in findings)


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """`do` is null where there is nothing to do."""
    checks = [
        {"name": one.name, "verdict": one.verdict, "seen": one.seen, "do": one.advice}
        for one in findings
    ]
    return {"healthy": healthy(findings), "checks": checks}


def rows(findings: Sequence[Finding]) -> Iterator[tuple[str, str, str]]:
    for one in findings:
        yield one.name, one.verdict, one.seen
        if one.advice:
            yield "", "", f"→ {one.advice}"
