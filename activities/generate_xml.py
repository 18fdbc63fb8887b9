"""generate_xml: a report becomes the document that INSYZ takes."""

from pydantic_core import to_json
from temporalio import activity

from activities.failures import application_error
from insyz.document import build_xml
from insyz.errors import InvalidReportError
from workflows.activity_contract import GeneratedXml, XmlRequest
from workflows.contract import GENERATE_XML

MAX_RESULT_BYTES = 1_900_000
"""A payload over 2 MiB as an activity's input, which this result becomes, would leave the workflow
stuck: the limit has to be enforced before."""


@activity.defn(name=GENERATE_XML)
async def generate_xml(request: XmlRequest) -> GeneratedXml:
    """Pure, and fast enough for the event loop. Fails with InvalidReportError."""
    try:
        document = build_xml(request.report, submitted_at=request.submitted_at)
        result = GeneratedXml(xml=document.xml, warnings=list(document.warnings))
        _check_size(result)
    except InvalidReportError as error:
        raise application_error(error) from error
    return result


def _check_size(result: GeneratedXml) -> None:
    size = len(to_json(result))
    if size > MAX_RESULT_BYTES:
        raise InvalidReportError(
            f"the report makes {size:,} bytes of XML; the limit is {MAX_RESULT_BYTES:,}"
        )
