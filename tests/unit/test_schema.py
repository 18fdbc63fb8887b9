"""docs/report.schema.json is what the model says."""

import json
from pathlib import Path

from insyz.report import Report

SCHEMA = Path(__file__).parents[2] / "docs" / "report.schema.json"


def test_the_schema_in_the_docs_is_that_of_the_model() -> None:
    """To write it anew: insyz schema > docs/report.schema.json"""
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == Report.model_json_schema()
