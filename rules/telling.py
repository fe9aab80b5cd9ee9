"""What a simulated delivery is told, line by line, and what it shows at each instant."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from domain.actions import ACTION_ARGUMENTS, Outcome
from domain.delivery import Delivery
from domain.event import Event
from domain.incident import Act, Incident, Mode, Resolution, Severity
from domain.instant import Instant
from rules.adoption import Versions
from rules.book import Rulebook, public_name
from rules.compile import CompiledBook
from rules.deeds import Deed
from rules.evaluate import Change, ChangeKind
from rules.outside import Turned
from rules.reload import book_of
from rules.watch import Look, Watch, is_counted


@dataclass(frozen=True, slots=True)
class Reported:
    """An event that becomes known."""

    at: Instant
    event: Event


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person does with the open incident of a rule."""

    at: Instant
    what: Literal["acknowledge", "claim", "resolve", "approve", "reject"]
    rule: str


@dataclass(frozen=True, slots=True)
class Muted:
    """A rule does nothing for a while."""

    at: Instant
    rule: str
    until: Instant


@dataclass(frozen=True, slots=True)
class Adopted:
    """Another version of the rulebook watches from now on."""

    at: Instant
    book: Rulebook


Line = Reported | Decided | Muted | Adopted | Turned


@dataclass(frozen=True, slots=True)
class Moment:
    """All that came of one instant: rules that opened, resolved and had a hold cancelled by late news; actions by name.

    `started` are the actions that were begun, `would` those that shadow rules would have begun, `withheld` those that went
    beyond a limit, by rule and action. `idle` decisions found nothing to decide about. `deeds` are what was begun, in full. `watch` is how things stood afterwards,
    `versions` has the books by which it was watched.
    """

    at: Instant
    watch: Watch
    versions: Versions
    opened: tuple[str, ...] = ()
    resolved: Mapping[str, Resolution] = field(default_factory=dict)
    retracted: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    would: tuple[str, ...] = ()
    withheld: tuple[tuple[str, str], ...] = ()
    idle: tuple[Decided, ...] = ()
    deeds: tuple[Deed, ...] = ()

    @property
    def open(self) -> tuple[str, ...]:
        """The live rules with an open or clearing incident, by name; shadows, proposals and notices do not count."""
        return tuple(sorted(public_name(one.rule) for one in self.watch.open_incidents if is_counted(one)))

    @property
    def unlisted(self) -> tuple[str, ...]:
        """The other rules with an open or clearing incident: shadows, proposals and notices."""
        rest = (one for one in self.watch.incidents if one.is_open and not is_counted(one))
        return tuple(sorted(public_name(one.rule) for one in rest))

    @property
    def severities(self) -> Mapping[str, Severity]:
        return {public_name(incident.rule): incident.severity for incident in self.watch.open_incidents}

    @property
    def deferred(self) -> tuple[tuple[str, str], ...]:
        """What waits for the end of quiet hours, by rule and action; what shadows would put off is nobody's."""
        live = (incident for incident in self.watch.incidents if not incident.is_shadow)
        return tuple((public_name(incident.rule), act.action) for incident in live for act in incident.waiting)

    @property
    def steps(self) -> Mapping[str, int]:
        """How far the escalation of each open incident has come; those of shadows too."""
        return {public_name(incident.rule): incident.step for incident in self.watch.incidents if incident.is_open}

    @property
    def delivery(self) -> Delivery:
        return self.watch.delivery

    @property
    def book(self) -> CompiledBook:
        """What was in force: the delivery's book, with the rules of earlier ones that stayed for the time being."""
        return book_of(self.watch, self.versions)


@dataclass
class Told:
    """What was seen of one instant so far."""

    opened: list[str] = field(default_factory=list)
    resolved: dict[str, Resolution] = field(default_factory=dict)
    retracted: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    would: list[str] = field(default_factory=list)
    withheld: list[tuple[str, str]] = field(default_factory=list)
    idle: list[Decided] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)

    def note(self, before: Watch, looked: Look) -> None:
        counted = {incident.rule for incident in looked.watch.incidents if is_counted(incident)}
        for change in looked.changes:
            self._note_change(change, counted)
        self.deeds += looked.deeds
        self.started += [deed.name for deed in looked.deeds if deed.action in ACTION_ARGUMENTS]
        for incident, act in _newly(before, looked.watch):
            if act.outcome is Outcome.WOULD and incident.mode is Mode.SHADOW:
                self.would.append(act.action)
            elif act.outcome is Outcome.WITHHELD and not incident.is_shadow:
                self.withheld.append((public_name(incident.rule), act.action))

    def _note_change(self, change: Change, counted: set[str]) -> None:
        if change.kind is ChangeKind.RETRACTED_PENDING or change.resolution is Resolution.RETRACTED:
            self.retracted.append(public_name(change.rule))
        if change.kind is ChangeKind.OPENED and change.rule in counted:
            self.opened.append(public_name(change.rule))
        if change.kind is ChangeKind.RESOLVED and change.rule in counted and change.resolution is not None:
            self.resolved[public_name(change.rule)] = change.resolution

    def moment(self, at: Instant, watch: Watch, versions: Versions) -> Moment:
        return Moment(
            at,
            watch,
            versions,
            tuple(self.opened),
            dict(self.resolved),
            tuple(self.retracted),
            tuple(self.started),
            tuple(self.would),
            tuple(self.withheld),
            tuple(self.idle),
            tuple(self.deeds),
        )


def _newly(before: Watch, after: Watch) -> Iterator[tuple[Incident, Act]]:
    """What has come of actions since, where it has come to something else."""
    known = {incident.incident_id: incident.acts for incident in before.incidents}
    for incident in after.incidents:
        acts = known.get(incident.incident_id, {})
        if incident.acts is not acts:
            yield from ((incident, act) for path, act in incident.acts.items() if acts.get(path) != act)
