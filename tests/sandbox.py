"""Temporal's sandbox: fails a workflow that reads a clock, draws a number or touches the world.

The tests run in it, and so do the replays; the worker itself does without (worker.py).
"""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

SHARED = (
    *("activities", "insyz", "observability", "workflows"),
    *("lxml", "opentelemetry", "pydantic", "pydantic_core"),
)
"""Modules that the sandbox does not import anew for each run."""

SANDBOX = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules(*SHARED)
)
