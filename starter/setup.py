"""Preparing a Temporal namespace for the pipeline."""

from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client
from temporalio.common import SearchAttributeIndexedValueType, SearchAttributeKey

from starter.connection import bounded
from workflows.visibility import ATTRIBUTES

TYPES = {
    SearchAttributeIndexedValueType.INT: IndexedValueType.INDEXED_VALUE_TYPE_INT,
    SearchAttributeIndexedValueType.DATETIME: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    SearchAttributeIndexedValueType.KEYWORD: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
}


async def missing_search_attributes(client: Client) -> list[SearchAttributeKey[Any]]:
    """Those of ours that the namespace does not have yet."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    there = await bounded(client.operator_service.list_search_attributes(request))
    return [key for key in ATTRIBUTES if key.name not in there.custom_attributes]


async def register_search_attributes(client: Client) -> list[str]:
    """Registers what is missing; the names of what was. Idempotent."""
    missing = await missing_search_attributes(client)
    if missing:
        request = AddSearchAttributesRequest(
            namespace=client.namespace,
            search_attributes={key.name: TYPES[key.indexed_value_type] for key in missing},
        )
        await bounded(client.operator_service.add_search_attributes(request))
    return [key.name for key in missing]
