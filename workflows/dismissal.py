"""DismissFailure: a person's word that nothing more is to be done about a failed run.

A workflow, because Temporal is all that both ends are sure to have: it is kept as long as the run
that it speaks of, shows in the Web UI who said what, and any Temporal client can start it.
"""

from pydantic import ValidationError
from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from insyz.errors import InvalidReportError
    from insyz.report import parse_json
    from workflows.contract import DISMISS_FAILURE, MEMO_DISMISSAL, DismissalRequest
    from workflows.failures import failure


@workflow.defn(name=DISMISS_FAILURE)
class DismissFailure:
    """Input and result: `contract.DismissalRequest`. Fails with InvalidDismissalError."""

    @workflow.run
    async def run(self, raw: RawValue) -> DismissalRequest:
        request = self._decode(raw)
        if MEMO_DISMISSAL not in workflow.memo():
            # Started by another client than ours, which notes it beforehand.
            workflow.upsert_memo({MEMO_DISMISSAL: request})
        return request

    def _decode(self, raw: RawValue) -> DismissalRequest:
        """Here, not by the SDK, so that a malformed one fails the run."""
        try:
            return DismissalRequest.model_validate(parse_json(raw.payload.data))
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False, include_context=False)
            text = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in wrong)
        except InvalidReportError as error:
            text = str(error)
        raise failure("InvalidDismissalError", text)
