"""What a worker's Prometheus endpoint says."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import httpx

SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:]\w*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Sample:
    name: str
    labels: dict[str, str]
    value: float


class Scrape(list[Sample]):
    """All samples of one look at the endpoint."""

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name with these labels; 0 without any."""
        return sum(
            sample.value
            for sample in self
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def series_of(self, name: str) -> list[dict[str, str]]:
        series = [sample.labels for sample in self if sample.name == name]
        return sorted(series, key=str)

    def labels_of(self, name: str) -> set[str]:
        return {label for sample in self if sample.name == name for label in sample.labels}


def parse(lines: Iterable[str]) -> Scrape:
    samples = Scrape()
    for line in lines:
        if line and not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match is not None, line
            labels = dict(LABEL.findall(match["labels"] or ""))
            samples.append(Sample(match["name"], labels, float(match["value"])))
    return samples


async def scrape(address: str) -> Scrape:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"http://{address}/metrics")
    assert answer.status_code == 200
    return parse(answer.text.splitlines())
