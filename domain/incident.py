"""An incident: a rule became true on a delivery and stayed so. What the industry calls a delivery exception."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from domain.actions import Outcome
from domain.instant import Instant

UNANSWERED_YET = (Outcome.ASKED, Outcome.REQUESTED)


class Severity(StrEnum):
    """How bad; `info` is a notice, not an incident."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Mode(StrEnum):
    """What a rule may do."""

    OFF = "off"
    SHADOW = "shadow"
    PROPOSE = "propose"
    LIVE = "live"


class Resolution(StrEnum):
    """How an incident ended."""

    CURED = "cured"
    HANDLED = "handled"
    FINAL = "final"
    RETRACTED = "retracted"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    FALSE_ALARM = "false_alarm"


class Answer(StrEnum):
    """How a proposal ended: by a person, or by nobody (`acted`, `dropped` at its deadline; `lapsed` with its incident)."""

    APPROVED = "approved"
    REJECTED = "rejected"
    ACTED = "acted"
    DROPPED = "dropped"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a person is asked: the first actions that would be begun, until when, what they cost; and who answered what, when."""

    asked_at: Instant
    actions: tuple[str, ...]
    due_at: Instant | None = None
    cost: str | None = None
    answer: Answer | None = None
    by: str | None = None
    at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One step of an incident's plan: when it was asked for, what came of it and when; `until`: when one that waits is due."""

    action: str
    asked_at: Instant
    outcome: Outcome
    at: Instant
    note: str | None = None
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """One episode of one rule, from opening to resolution.

    `acts` maps the path of a step in the rule (`do.0.otherwise.1`, `escalate.1.do.0/2` for the second repeat) to what came of
    it; `stages` are the numbers of the rule's stages that were reached, from 0. `rungs` says of each step of its escalation how
    often its time has come. An acknowledgement lapses at `acknowledged_until` (None: never). `due_at` is the next instant at
    which time alone does something to the incident itself, and `due_for` what. `proposals` are what people were asked, by the path
    of the step, "" for everything. `told` are marks of what its ticket was told, `tellings` how often it was told something;
    None until a ticket is asked for.
    `tried` says of messages that did not arrive, by path, by which channels they went.
    `owner` has it in hand: so said `claimed_by`, at `claimed_at`.
    """

    incident_id: str
    rule: str
    episode: int
    severity: Severity
    mode: Mode
    opened_at: Instant
    says: str
    book: str
    acknowledged_by: str | None = None
    owner: str | None = None
    resolved_at: Instant | None = None
    resolution: Resolution | None = None
    note: str | None = None
    acts: Mapping[str, Act] = field(default_factory=dict)
    stages: tuple[int, ...] = ()
    acknowledged_at: Instant | None = None
    acknowledged_until: Instant | None = None
    lapsed_at: Instant | None = None
    rungs: tuple[int, ...] = ()
    due_at: Instant | None = None
    due_for: str = ""
    proposals: Mapping[str, Proposal] = field(default_factory=dict)
    told: tuple[str, ...] | None = None
    tellings: int = 0
    claimed_by: str | None = None
    claimed_at: Instant | None = None
    tried: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    def with_act(self, path: str, act: Act) -> "Incident":
        return replace(self, acts={**self.acts, path: act})

    def trying(self, path: str, tried: tuple[str, ...], act: Act) -> "Incident":
        """The incident with a message that is to go by other channels than those tried."""
        return replace(self, acts={**self.acts, path: act}, tried={**self.tried, path: tried})

    @property
    def is_shadow(self) -> bool:
        """Whether it only says what it would do."""
        return self.mode is Mode.SHADOW

    @property
    def waiting(self) -> tuple[Act, ...]:
        """What waits for the end of quiet hours."""
        return tuple(act for act in self.acts.values() if act.outcome is Outcome.DEFERRED)

    @property
    def awaiting(self) -> tuple[tuple[str, Proposal], ...]:
        """The proposals that nobody has decided yet, by path."""
        return tuple((path, proposal) for path, proposal in self.proposals.items() if proposal.answer is None)

    @property
    def awaits_decision(self) -> bool:
        """Whether a person is to decide about it."""
        return bool(self.proposals) and bool(self.awaiting)

    def proposing(self, path: str, proposal: Proposal) -> "Incident":
        return replace(self, proposals={**self.proposals, path: proposal})

    @property
    def asking(self) -> tuple[tuple[str, Act], ...]:
        """The questions and requests that nobody has answered yet, by path."""
        return tuple((path, act) for path, act in self.acts.items() if act.outcome in UNANSWERED_YET)

    @property
    def step(self) -> int:
        """How far its escalation has come: the number of the last step whose time came, from 1; 0 before the first."""
        return max((number for number, times in enumerate(self.rungs, start=1) if times), default=0)

    def acknowledged(self, by: str, at: Instant) -> "Incident":
        """Somebody has seen it; a later acknowledgement takes the place of an earlier one."""
        return replace(self, acknowledged_by=by, acknowledged_at=at, acknowledged_until=None)

    def claimed(self, owner: str, by: str, at: Instant) -> "Incident":
        """Somebody has it in hand; a later claim takes the place of an earlier one."""
        return replace(self, owner=owner, claimed_by=by, claimed_at=at)

    def lapsed(self, at: Instant) -> "Incident":
        """Nobody has seen it any more: the acknowledgement has expired."""
        return replace(self, acknowledged_by=None, acknowledged_at=None, acknowledged_until=None, lapsed_at=at)

    def resolved(self, resolution: Resolution, at: Instant, note: str | None = None) -> "Incident":
        return replace(self, resolution=resolution, resolved_at=at, note=note or self.note)


def incident_id(delivery_id: str, generation: int, rule: str, episode: int) -> str:
    """`D-1001:1:missed-scan:2`: the second episode of a rule in the first generation of a delivery."""
    return f"{delivery_id}:{generation}:{rule}:{episode}"


def proposal_id(incident: Incident, path: str) -> str:
    """`D-1001:1:missed-scan:2` for all that a rule does, `D-1001:1:missed-scan:2/do.0` for one step of it."""
    return f"{incident.incident_id}/{path}" if path else incident.incident_id


def effect_key(delivery_id: str, generation: int, incident: Incident, path: str) -> str:
    """The idempotency key of one step of an incident: `delivery/generation/rule/episode/path/repeat`; channels are appended to it."""
    return f"{delivery_id}/{generation}/{incident.rule}/{incident.episode}/{path if '/' in path else f'{path}/0'}"


def path_in(key: str) -> str:
    """The path of the step that an effect key names."""
    _, place, repeat = key.rsplit("/", 2)
    return place if repeat == "0" else f"{place}/{repeat}"
