"""How much is measured: for the README, or to see that the harness works."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """`rounds` of each contestant, in turns; the rest are counts within a round or in all."""

    rounds: int
    one_at_a_time: int
    at_once: int
    processes: int
    cold_starts: int
    xml_passes: int
    memory_reports: int
    backlog: int
    shared_backlog: int


FULL = Scale(
    rounds=5,
    one_at_a_time=50,
    at_once=300,
    processes=15,
    cold_starts=9,
    xml_passes=40,
    memory_reports=20_000,
    backlog=10_000,
    shared_backlog=1_000,
)
QUICK = Scale(
    rounds=2,
    one_at_a_time=25,
    at_once=100,
    processes=4,
    cold_starts=2,
    xml_passes=8,
    memory_reports=1_000,
    backlog=1_000,
    shared_backlog=200,
)
