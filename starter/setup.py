"""Preparing a Temporal namespace for the pipeline."""

import asyncio
from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client
from temporalio.common import SearchAttributeIndexedValueType, SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from starter.connection import bounded
from starter.listing import count
from workflows.visibility import ATTRIBUTES

TYPES = {
    SearchAttributeIndexedValueType.INT: IndexedValueType.INDEXED_VALUE_TYPE_INT,
    SearchAttributeIndexedValueType.DATETIME: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    SearchAttributeIndexedValueType.KEYWORD: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
}

KNOWN_SECS = 60.0
LOOK_SECS = 0.2
REFRESH_SECS = 2.0
"""How often each part of a server reads a namespace (`system.namespaceCacheRefreshInterval`)."""


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


async def until_known(client: Client) -> None:
    """Returns when the server has noticed attributes that were registered just now.

    Raises TimeoutError, TemporalUnreachableError or RPCError.
    """
    names_all = " OR ".join(f"{key.name} IS NOT NULL" for key in ATTRIBUTES)
    async with asyncio.timeout(KNOWN_SECS):
        while not await _is_understood(client, names_all):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECS)
    # That was the part that answers us; the others need not have noticed yet.
    await asyncio.sleep(REFRESH_SECS)


async def _is_understood(client: Client, query: str) -> bool:
    try:
        await count(client, query)
    except RPCError as error:
        if error.status is RPCStatusCode.INVALID_ARGUMENT:
            return False
        raise
    return True
