"""The payloads of examples/oms/payloads, as they stand there and as they are for another delivery."""

import hashlib
import json
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[2] / "examples" / "oms"
PAYLOADS = EXAMPLES / "payloads"
DELIVERY_ID = "D-1001"


def sent(name: str, delivery_id: str = DELIVERY_ID) -> bytes:
    """The exact bytes of a payload."""
    return (PAYLOADS / name).read_bytes().replace(DELIVERY_ID.encode(), delivery_id.encode())


def told(name: str, delivery_id: str = DELIVERY_ID) -> Any:
    return json.loads(sent(name, delivery_id))


def acknowledgement(delivery_id: str, version: str, generation: int = 1, order: str = "order.json") -> bytes:
    """The exact bytes of the acknowledgement of an order by a rulebook's version."""
    golden = told("acknowledgement.json", delivery_id)
    digest = hashlib.sha256(sent(order, delivery_id)).hexdigest()
    changed = golden | {"generation": generation, "rulebook_version": version, "order_sha256": digest}
    return json.dumps(changed, separators=(",", ":")).encode()
