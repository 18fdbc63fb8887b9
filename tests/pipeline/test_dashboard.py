"""What the dashboard and the alerts ask for is what a worker exposes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from temporalio.client import Client

from simulator.faults import fault
from simulator.server import Simulator
from starter import submit, wait_for_result
from starter.setup import register_search_attributes
from tests.conftest import TOKEN
from tests.scrape import Scrape, scrape
from tests.support import SCALED_DOWN, a_report, eventually, free_port, reaches, worker_process
from workflows.contract import Phase

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "deploy/grafana/insyz.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((ROOT / "deploy/prometheus/insyz-rules.yml").read_text(encoding="utf-8"))
GUIDE = (ROOT / "docs/observability.md").read_text(encoding="utf-8")

STRING = re.compile(r'"[^"]*"')
GROUPING = re.compile(r"\b(?:by|without|on)\s*\(([^)]*)\)")
MATCHERS = re.compile(r"\{([^}]*)\}")
RANGE = re.compile(r"\[[^\]]*\]")
METRIC = re.compile(r"[a-zA-Z_:][\w:]*(?!\w|\s*\()")
LITERAL = re.compile(r'(\w+)="([^"$]+)"')
OPERATORS = {"and", "or", "unless", "bool"}


class Asked(NamedTuple):
    """What a query needs: metrics with the labels it selects them by, and labels to group by."""

    metrics: dict[str, set[str]]
    grouped_by: set[str]


def asked(query: str) -> Asked:
    """Of PromQL as far as our queries use it."""
    bare = RANGE.sub("", STRING.sub("", query))
    grouped_by = {label.strip() for names in GROUPING.findall(bare) for label in names.split(",")}
    bare = GROUPING.sub("", bare)
    selectors = re.finditer(rf"({METRIC.pattern})(?:{MATCHERS.pattern})?", bare)
    metrics: dict[str, set[str]] = {}
    for selector in selectors:
        if selector[1] not in OPERATORS:
            labels = re.findall(r"(\w+)\s*[=!]", selector[2] or "")
            metrics.setdefault(selector[1], set()).update(labels)
    return Asked(metrics, grouped_by)


def targets() -> Iterator[dict[str, Any]]:
    for panel in DASHBOARD["panels"]:
        yield from panel["targets"]


def rules() -> list[dict[str, Any]]:
    return [rule for group in RULES["groups"] for rule in group["rules"]]


def queries() -> list[str]:
    variables = [
        one["definition"] for one in DASHBOARD["templating"]["list"] if "definition" in one
    ]
    of_variables = [re.sub(r"label_values\((\w+), (\w+)\)", r"max by (\2) (\1)", one)
                    for one in variables]  # fmt: skip
    return [*(one["expr"] for one in targets()), *(rule["expr"] for rule in rules()), *of_variables]


@pytest.mark.parametrize(
    ("query", "metrics", "grouped_by"),
    [
        ("absent(a > 0)", {"a": set()}, set()),
        ('sum by (x, le) (rate(a_total{b=~"q r", c!="d"}[5m])) > 3', {"a_total": {"b", "c"}},
         {"x", "le"}),
        ('histogram_quantile(0.95, sum by (le) (rate(a[1h]))) / max(b{c="{d}"}) or c',
         {"a": set(), "b": {"c"}, "c": set()}, {"le"}),
    ],
)  # fmt: skip
def test_a_query_is_read_right(
    query: str, metrics: dict[str, set[str]], grouped_by: set[str]
) -> None:
    assert asked(query) == (metrics, grouped_by)


async def whole_scrape(client: Client, insyz: Simulator) -> Scrape:
    """Of a worker that has seen a report taken, one refused, and one that waits for a person."""
    await register_search_attributes(client)
    taken, refused, doubtful = a_report(), a_report(), a_report()
    insyz.script(refused["id_zp"], fault("status", code=422))
    insyz.script(doubtful["id_zp"], "reset_before")
    address = f"127.0.0.1:{free_port()}"
    env = SCALED_DOWN | {"INSYZ_DELIVERY": "blind", "INSYZ_METRICS_ADDRESS": address}

    async def looked() -> Scrape:
        samples = await scrape(address)
        assert samples.value("insyz_open_decisions") == 1
        return samples

    async with worker_process(insyz.url, TOKEN, **env):
        for report in (taken, refused):
            assert await wait_for_result(await submit(report, client=client), 20)
        await submit(doubtful, client=client)
        await reaches(client, doubtful, Phase.NEEDS_DECISION)
        samples = await eventually(looked)
    assert samples.value("insyz_submissions_ended_total", state="submitted") == 1
    assert samples.value("insyz_submissions_ended_total", state="rejected") == 1
    assert samples.value("insyz_unknown_outcomes_total") == 1
    return samples


async def test_every_metric_and_label_of_the_queries_is_exposed(
    client: Client, insyz: Simulator
) -> None:
    samples = await whole_scrape(client, insyz)
    assert len(queries()) > 20
    for query in queries():
        metrics, grouped_by = asked(query)
        assert metrics, query
        for metric, labels in metrics.items():
            assert metric in {sample.name for sample in samples}, f"{metric} in {query}"
            missing = (labels | grouped_by) - samples.labels_of(metric)
            assert not missing, f"{missing} of {metric} in {query}"
        for pair in LITERAL.findall(query):
            assert pair in {one for sample in samples for one in sample.labels.items()}, query


def test_what_a_legend_or_a_summary_quotes_is_grouped_by() -> None:
    quoted = [(one["expr"], one["legendFormat"], r"\{\{(\w+)\}\}") for one in targets()]
    quoted += [
        (rule["expr"], rule["annotations"]["summary"], r"\$labels\.(\w+)") for rule in rules()
    ]
    for query, text, pattern in quoted:
        assert set(re.findall(pattern, text)) <= asked(query).grouped_by, text


def test_the_dashboard_can_be_imported_into_any_grafana() -> None:
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    sources = [one["datasource"]["uid"] for one in [*DASHBOARD["panels"], *targets()]]
    assert set(sources) == {"${datasource}"}
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))


def test_no_panel_covers_another() -> None:
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23


def test_every_alert_has_a_severity_a_summary_and_a_line_in_the_guide() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) >= 6
    for rule in rules():
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"\d+m", rule.get("for", "1m"))
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"]
    assert re.findall(r"^\| `(Insyz\w+)`", GUIDE, re.MULTILINE) == names
