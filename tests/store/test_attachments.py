"""Ids in `Prilohy*` fields become what INSYZ can fetch."""

from typing import Any

import pytest

from insyz.errors import InvalidReportError
from insyz.store import ReportStore
from tests.store.conftest import PortalSide
from tests.store.support import NOW


def naming(*ids: Any) -> dict[str, Any]:
    return {"Stavy_Tim": {"BN098": {"Prilohy_TIM": [*ids]}}}


@pytest.mark.parametrize(
    ("columns", "address"),
    [
        ({"public_url": "https://files.example/a.pdf"}, "https://files.example/a.pdf"),
        ({"public_url": "/files/a.pdf", "path": "b"}, "https://portal.example/files/a.pdf"),
        ({"path": "uploads/jízda 1.pdf"}, "https://portal.example/uploads/j%C3%ADzda%201.pdf"),
        ({"public_url": "", "path": "/up/a.pdf"}, "https://portal.example/up/a.pdf"),
    ],
)
async def test_an_attachment_gets_an_absolute_address(
    store: ReportStore, portal: PortalSide, columns: dict[str, str], address: str
) -> None:
    about = {"original_name": "Jízda.pdf", "mime_type": "application/pdf", "size": 2**33}
    await portal.has_attachment(id=11, **about, **columns)
    await portal.has_attachment(id=12, path="not-asked-for")
    id_ = await portal.has(data_b=naming("11", 11))
    assert (await store.load(id_))["attachments"] == [
        {
            "id": 11,
            "fileName": "Jízda.pdf",
            "fileType": "application/pdf",
            "fileSize": 2**33,
            "url": address,
        }
    ]


async def test_unknown_ids_are_named_with_their_field_and_nothing_is_marked(
    store: ReportStore, portal: PortalSide
) -> None:
    id_ = await portal.has(state="rejected", data_b=naming(98, 2**70))
    with pytest.raises(InvalidReportError) as invalid:
        await store.dispatch(id_, submitted_by=1, now=NOW)
    assert (
        f"data_b.Stavy_Tim.BN098.Prilohy_TIM: attachments that cannot be resolved: 98, {2**70}"
        in (str(invalid.value))
    )
    assert (await portal.row(id_)).state == "rejected"


async def test_a_relative_address_needs_the_portals_own(portal: PortalSide, url: str) -> None:
    await portal.has_attachment(id=11, path="uploads/a.pdf")
    await portal.has_attachment(id=12)
    id_ = await portal.has(data_b=naming(11, 12))
    async with ReportStore(url) as store:
        with pytest.raises(InvalidReportError) as invalid:
            await store.load(id_)
    assert "11 has no absolute address: set PORTAL_BASE_URL" in str(invalid.value)
    assert "12 has neither public_url nor path" in str(invalid.value)


async def test_whole_attachment_objects_need_no_look_up(
    store: ReportStore, portal: PortalSide
) -> None:
    whole = {"id": 5, "url": "https://files.example/5"}
    id_ = await portal.has(data_b=naming(whole))
    given = await store.load(id_)
    assert given["attachments"] == []
    assert given["data_b"] == naming(whole)


async def test_there_may_be_more_attachments_than_a_query_has_parameters(
    store: ReportStore, portal: PortalSide
) -> None:
    id_ = await portal.has(data_b=naming(*range(70_000)))
    with pytest.raises(InvalidReportError, match="cannot be resolved: 0, 1, 2"):
        await store.load(id_)
