"""Recording the histories of a test's workflows, for replay: pytest --record-histories.

What tells of the machine or of the moment and does not matter to a replay is taken out.
"""

import json
import re
from pathlib import Path
from typing import Any

from temporalio.client import Client

HISTORIES = Path(__file__).parent / "histories"
TELLING = frozenset({"identity", "stackTrace", "sdkName", "workerVersion"})


async def record_histories(client: Client, test_name: str) -> None:
    """Writes the history of each workflow of the test to a file named after it."""
    name = re.sub(r"\W+", "-", test_name.removeprefix("test_")).strip("-")
    number = 0
    async for run in client.list_workflows():
        handle = client.get_workflow_handle(run.id, run_id=run.run_id)
        history = json.loads((await handle.fetch_history()).to_json())
        number += 1
        path = HISTORIES / f"{name}.{number}.json"
        record = {"workflow_id": run.id, "history": _discreet(history)}
        path.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _discreet(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _discreet(item) for name, item in value.items() if name not in TELLING}
    if isinstance(value, list):
        return [_discreet(item) for item in value]
    return value
