"""The harness's arithmetic: a figure that is wrong here is believed everywhere."""

import pytest

from bench.figures import Comparison, Figure, Goal, percentile, slope
from bench.table import markdown, number


@pytest.mark.parametrize(("share", "expected"), [(0, 1), (0.5, 2.5), (0.95, 3.85), (1, 4)], ids=str)
def test_a_percentile_lies_between_its_neighbours(share: float, expected: float) -> None:
    assert percentile([4, 1, 3, 2], share) == pytest.approx(expected)


def test_one_value_is_all_its_percentiles() -> None:
    assert [percentile([7.0], share) for share in (0, 0.5, 1)] == [7.0] * 3


def test_the_score_is_the_median_of_the_rounds_ratios_and_not_the_ratio_of_medians() -> None:
    # The machine was slow in the second round, for both.
    figure = Figure("s", "w", "ms", [10, 90, 12], [20, 100, 20])
    assert figure.score == pytest.approx(0.6)
    low, high = figure.spread
    assert low < 0.6 < high <= 0.9


def test_a_difference_keeps_its_unit() -> None:
    figure = Figure("s", "w", "ms", [3, 4], [2, 2], Goal(at_most=2), Comparison.DIFFERENCE)
    assert figure.score == pytest.approx(1.5)
    assert "1.50 ms (1.10 to 1.90) | ≤ 2 ms | met" in markdown([figure])


@pytest.mark.parametrize(
    ("goal", "below", "at", "above"),
    [(Goal(at_most=1.3), True, True, False), (Goal(at_least=2.5), False, True, True)],
    ids=str,
)
def test_a_goal_is_met_at_its_limit(goal: Goal, *, below: bool, at: bool, above: bool) -> None:
    limit = goal.at_most or goal.at_least or 0
    assert [goal.is_met(limit + step) for step in (-0.1, 0, 0.1)] == [below, at, above]


def test_a_slope_leaves_out_the_warm_up() -> None:
    warming = [(0.0, 50.0), (1.0, 90.0)]
    flat = [(float(x), 100.0 + 0.25 * x) for x in range(2, 8)]
    assert slope([*warming, *flat]) == pytest.approx(0.25)


def test_a_missed_goal_is_printed_as_missed() -> None:
    rows = markdown([Figure("s", "latency", "ms", [60], [40], Goal(at_most=1.0))]).splitlines()
    assert rows[2] == "| latency | 60.0 ms | 40.0 ms | 1.50 × | ≤ 1 × | **missed** |"


@pytest.mark.parametrize(
    ("value", "text"), [(1234.5, "1,234"), (52.14, "52.1"), (0.9971, "0.997"), (-1.5, "-1.50")]
)
def test_numbers_have_three_digits_that_say_something(value: float, text: str) -> None:
    assert number(value) == text
