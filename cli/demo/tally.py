"""How often each action was really done: the ledger against what the outside world received. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cli.demo.evidence import Evidence
from domain.actions import Outcome
from store.copies import Effect
from store.words import EffectState, TicketStatus


@dataclass(frozen=True, slots=True)
class Tally:
    """`doubled`: received more than once; `lost`: done by the ledger, but not received; `unfinished`: claimed and never closed."""

    done: int = 0
    doubled: int = 0
    failed: int = 0
    lost: int = 0
    no_help: int = 0
    unfinished: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing was doubled, failed, lost or left in the middle."""
        return not (self.doubled or self.failed or self.lost or self.unfinished)


@dataclass(frozen=True, slots=True)
class Received:
    """What the outside world has against what the ledger says was done."""

    doubled: int
    lost: int


def tallies(evidence: Evidence) -> dict[str, Tally]:
    """Action -> how often; only actions that were asked for."""
    actions = sorted({effect.action for effect in evidence.effects})
    return {action: _tally(action, evidence) for action in actions}


def _tally(action: str, evidence: Evidence) -> Tally:
    rows = [effect for effect in evidence.effects if effect.action == action]
    outcomes = Counter(row.outcome for row in rows if row.state is EffectState.CLOSED)
    received = RECEIVED[action](_done(rows), evidence) if action in RECEIVED else Received(0, 0)
    return Tally(
        done=outcomes[Outcome.DONE],
        doubled=received.doubled,
        failed=outcomes[Outcome.FAILED],
        lost=received.lost,
        no_help=outcomes[Outcome.NO_HELP],
        unfinished=sum(row.state is not EffectState.CLOSED for row in rows),
    )


def _done(rows: list[Effect]) -> list[Effect]:
    return [row for row in rows if row.outcome is Outcome.DONE]


def _mails(done: list[Effect], evidence: Evidence) -> Received:
    """One effect is one Message-ID, however often the server took it."""
    ids: dict[str, set[str]] = {}
    for mail in evidence.mails:
        ids.setdefault(mail.effect, set()).add(mail.message_id)
    return Received(sum(len(found) - 1 for found in ids.values()), sum(effect.key not in ids for effect in done))


def _texts(done: list[Effect], evidence: Evidence) -> Received:
    """An SMS that the ledger does not know was sent a second time."""
    known = {effect.provider_ref for effect in done}
    received = {text.sid for text in evidence.texts}
    return Received(len(received - known), len(known - received))


def _tickets(done: list[Effect], evidence: Evidence) -> Received:
    """A later episode takes the ticket of an earlier one over."""
    count = Counter(ticket.external_id for ticket in evidence.tickets)
    rules = {_rule_of(external_id) for external_id in count}
    return Received(sum(n - 1 for n in count.values()), sum(_rule_of(effect.incident_id) not in rules for effect in done))


def _solved(done: list[Effect], evidence: Evidence) -> Received:
    """What is open again is open for a later episode."""
    solved = {ticket.external_id for ticket in evidence.tickets if ticket.status is TicketStatus.SOLVED}
    later = {_rule_of(ticket.external_id): ticket.external_id for ticket in evidence.tickets}
    missing = [effect for effect in done if effect.incident_id not in solved]
    return Received(0, sum(later.get(_rule_of(effect.incident_id)) in (None, effect.incident_id) for effect in missing))


def _rule_of(incident_id: str) -> str:
    """An incident's id without its episode."""
    return incident_id.rpartition(":")[0]


def _plans(done: list[Effect], evidence: Evidence) -> Received:
    """Reroutes and reassignments share the plans: a route writes one version for all that asked it at once, a reassignment to a driver
    one of two plans.

    A version too many is counted for both, since a plan does not say which of them wrote it.
    """
    plans = [effect for effect in evidence.effects if effect.action in ("reroute", "reassign", "reassign_route")]
    wanted = sum(_versions(effect) for effect in _done(plans))
    written = sum(version - 1 for version in evidence.plan_versions.values())
    return Received(max(0, written - wanted), max(0, wanted - written))


def _versions(effect: Effect) -> int:
    detail = effect.detail or {}
    if "news" in detail:
        return len((detail["news"] or {}).get("new", ()))
    assignment = detail.get("assignment")
    return 2 if assignment and assignment.get("route_id") else 1


RECEIVED: Mapping[str, Callable[[list[Effect], Evidence], Received]] = {
    "notify.email": _mails,
    "notify.sms": _texts,
    "open_ticket": _tickets,
    "solve_ticket": _solved,
    "reroute": _plans,
    "reassign": _plans,
    "reassign_route": _plans,
}
"""Action -> how to count what was received."""
