"""How often something was done on a delivery, by all its rules, and whether a rule's limit leaves room for once more. Pure."""

from collections.abc import Mapping
from typing import TypeAlias

from domain.instant import Instant
from rules.book import Limit, Rule
from rules.durations import text_of

Effects: TypeAlias = Mapping[str, tuple[Instant, ...]]
"""What was done -> when it was begun, the latest last. What shadows would have done stands under names of its own."""

KEPT_EFFECTS = 1_000
"""As many as a limit may allow at most."""

KINDS: Mapping[str, str] = {"open_ticket": "ticket", "reroute": "reroute", "reassign": "reassign", "reassign_route": "reassign"}
"""Action -> what limits call it. Messages go by their addressee."""

TELLING = ("notify", "ask_customer")
CUSTOMERS = ("notify.customer", "ask_customer")
WOULD = "would "

WORDS: Mapping[str, str] = {"customer_message": "customer message", "staff_message": "staff message"}


def kind_of(name: str) -> str | None:
    """What limits call an action by name; None for one that none counts."""
    action = name.partition(".")[0]
    if action in TELLING:
        return "customer_message" if name in CUSTOMERS else "staff_message"
    return KINDS.get(action)


def counted(effects: Effects, name: str, shadow: bool, at: Instant) -> Effects:
    """The effects with one more."""
    kind = kind_of(name)
    if kind is None:
        return effects
    key = WOULD + kind if shadow else kind
    return {**effects, key: (*effects.get(key, ()), at)[-KEPT_EFFECTS:]}


def uncounted(effects: Effects, name: str, at: Instant) -> Effects:
    """The effects without one that came to nothing: a message that could not be sent was none."""
    kind = kind_of(name) or ""
    times = list(effects.get(kind, ()))
    if at not in times:
        return effects
    times.remove(at)
    return {**effects, kind: tuple(times)}


def limit_reached(rule: Rule, effects: Effects, name: str, shadow: bool, at: Instant) -> Limit | None:
    """The first limit of a rule that leaves no room for once more."""
    kind = kind_of(name)
    return next((limit for limit in rule.limits if limit.what == kind and _is_reached(limit, effects, shadow, at)), None)


def _is_reached(limit: Limit, effects: Effects, shadow: bool, at: Instant) -> bool:
    times = effects.get(limit.what, ()) + (effects.get(WOULD + limit.what, ()) if shadow else ())
    return sum(at < time + limit.within for time in times) >= limit.at_most


def limit_text(limit: Limit) -> str:
    """`limit: at most 2 customer messages within 24h`."""
    what = WORDS.get(limit.what, limit.what)
    return f"limit: at most {limit.at_most} {what}{'' if limit.at_most == 1 else 's'} within {text_of(limit.within)}"
