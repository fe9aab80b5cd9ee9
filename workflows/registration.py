"""Are our search attributes known to the namespace? An upsert of an unknown one would fail its workflow task for ever."""

from typing import Any

from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey

from workflows.attributes import SEARCH_ATTRIBUTES

AnyKey = SearchAttributeKey[Any]


async def missing_attributes(client: Client) -> list[AnyKey]:
    """Those that are not registered with their type."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    known = (await client.operator_service.list_search_attributes(request)).custom_attributes
    return [key for key in SEARCH_ATTRIBUTES if known.get(key.name) != int(key.indexed_value_type)]


async def register_attributes(client: Client) -> list[AnyKey]:
    """Registers those that are missing, and returns them."""
    missing = await missing_attributes(client)
    if missing:
        wanted = {key.name: int(key.indexed_value_type) for key in missing}
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=wanted)  # type: ignore[arg-type]
        )
    return missing
