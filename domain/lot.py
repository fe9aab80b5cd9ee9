"""Which deliveries a canary gets: by lot, the same for a delivery whenever and wherever it is drawn."""

import hashlib


def lot(delivery_id: str) -> int:
    """0 to 99; a canary with a share of N percent gets those below N. Independent of the lot by which rules are rolled out
    (rules.scope.percentile): else a canary would get just the deliveries that such rules watch over."""
    return int.from_bytes(hashlib.sha256(f"canary/{delivery_id}".encode()).digest()[:8], "big") % 100
