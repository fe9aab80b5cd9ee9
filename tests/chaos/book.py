"""The rulebook of the storm: a rule for each fault, with spans of seconds, and effects of every kind that is counted by who gets it."""

from collections.abc import Mapping
from pathlib import Path

GRACE_S = 6
"""Seconds in which what comes after the end still counts."""

BOOK = f"""\
rulebook: standard
defaults: {{final_grace: {GRACE_S}s}}
rules:
  - id: late
    says: Promised by now, and not delivered
    when: 2s after promised end
    do: [{{notify: {{who: customer, template: running-late, channels: [email, sms]}}}}]
  - id: missed-scan
    says: On the van, and no scan
    when: [status is out_for_delivery, no scan for 12s since out_for_delivery]
    do: [{{open_ticket: {{queue: hub-ops}}}}]
  - id: hub-dwell
    says: Too long at one hub
    when: at same hub for 12s
    do: [{{call_webhook: {{endpoint: order-system, event: dwelling}}}}]
  - id: failed-attempt
    says: Nobody there, or nowhere to be found
    when: attempts at least 1
    do: [{{ask_customer: {{template: address-problem, channels: [sms], answer_within: 24h}}}}]
  - id: predicted-late
    says: Will come later than promised
    when: eta later than promised end by 5m
    do: [{{emit: {{type: foreseen}}}}]
  - id: too-warm
    says: Its cold chain is broken
    when: temperature over 8 C for 5s
    do: [{{notify: {{who: customer, template: running-late, channels: [email]}}}}]
  - id: broken-down
    says: Its van goes no further
    when: status is on_hold
    do: [{{reassign: {{to: [backup_carrier], accept_within: 1h}}}}]
  - id: astray
    says: Its driver has left the route
    when: off route for 2s
    do: [{{reroute: {{}}}}]
"""

DIRECTORY = """\
hubs: {{HEL1: {{timezone: Europe/Helsinki}}}}
queues: [hub-ops]
carriers:
  acme: {{backup: [zipvan]}}
  zipvan: {{requests: zipvan-desk}}
  other: {{backup: [silent-van]}}
  silent-van: {{requests: silent-desk}}
endpoints:
  order-system: {{url: "{hooks}/order-system", secret: ORDER_SYSTEM_SECRET}}
  zipvan-desk: {{url: "{offers}", secret: CARRIER_SECRET}}
  silent-desk: {{url: "{hooks}/silent-van", secret: CARRIER_SECRET}}
"""

EFFECTS: Mapping[str, tuple[str, ...]] = {
    "late": ("email", "sms"),
    "missed-scan": ("ticket",),
    "hub-dwell": ("dwelling",),
    "failed-attempt": ("sms",),
    "predicted-late": ("foreseen",),
    "too-warm": ("email",),
    "broken-down": ("assignment.offered", "assignment.taken"),
    "astray": ("plan",),
}
"""Rule -> what arrives somewhere for each of its incidents, once."""


def written(folder: Path, order_system: str, stand_in: str) -> Path:
    """The folder of rules, with the addresses to which calls go: the order system's, and that of the carrier that stands in."""
    rules = folder / "rules"
    rules.mkdir(parents=True)
    (rules / "standard.yaml").write_text(BOOK)
    (rules / "directory.yaml").write_text(DIRECTORY.format(hooks=order_system, offers=stand_in))
    return rules
