"""Which actions of a delivery's incidents are begun at a look, and what comes of those that are not. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.actions import Outcome
from domain.delivery import Delivery
from domain.incident import Act, Incident
from domain.instant import Instant
from rules.approval import asked_first, considered, is_proposing, may_act, untold_proposals
from rules.book import Rule
from rules.deeds import Deed, deed_of, for_the_group
from rules.limits import Effects, counted
from rules.machine import Cell
from rules.muting import Mutes, muted_until, silenced, waiting
from rules.plans import Plans
from rules.questions import settled
from rules.readiness import ready_of
from rules.restraint import Circumstances, kept_back
from rules.ticket_news import OPEN_TICKET, telling_path, untold, with_ticket_begun, with_told
from rules.timed import aged, is_timed, with_due
from rules.together import disruption_of, is_waiting, left_to_another


@dataclass(frozen=True, slots=True)
class Around:
    """What the incidents of a delivery stand in."""

    delivery: Delivery
    generation: int
    cells: Mapping[str, Cell]
    plans: Plans
    mutes: Mutes
    now: Instant


@dataclass(slots=True)
class Begun:
    """What has been begun so far in one look, and all effects."""

    around: Around
    effects: Effects
    deeds: list[Deed] = field(default_factory=list)

    def with_ready(self, incident: Incident) -> Incident:
        """The incident with what time has done to it, and with all that may begin now begun."""
        rule, now = self.around.plans.rule_of(incident), self.around.now
        if rule is None:
            return incident
        timed = is_timed(rule, incident)
        if timed:
            incident = settled(aged(incident, rule, self.around.cells.get(rule.id), now), rule, self.around.delivery, now)
        until = muted_until(self.around.mutes, incident)
        if until is not None and not incident.is_open:
            incident = silenced(incident, rule, now)
        if is_proposing(rule, incident) and (until is None or not incident.is_open):
            incident = considered(incident, rule, now)
        is_held = rule.group is not None and is_waiting(rule, incident, self.around.delivery, now)
        if (until is None or not incident.is_open) and may_act(incident) and not is_held:
            incident = self._with_begun(incident, rule)
        if incident.proposals and until is None:
            incident = self._with_approver_told(incident)
        if timed or incident.proposals:
            incident = self._with_due(incident)
        return incident if until is None else waiting(incident, until)

    def _with_begun(self, incident: Incident, rule: Rule) -> Incident:
        # What a shadow would do has ended as soon as it is noted, so that more may be ready at once.
        around, directory = self.around, self.around.plans.book.rulebook.directory
        while ready := ready_of(incident, rule, around.now, around.cells.get(rule.id)):
            for path, step in ready:
                if asked := asked_first(incident, rule, path, step, around.delivery, directory, around.now):
                    incident = asked
                    continue
                deed = deed_of(around.delivery, around.generation, incident, path, step, around.now)
                deed = for_the_group(deed, disruption_of(rule, incident, around.delivery))
                incident = incident.with_act(path, self._kept_back(rule, incident, deed) or self._begin(incident, deed))
                if step.action == OPEN_TICKET:
                    incident = with_ticket_begun(incident)
        return incident if incident.told is None else self._with_ticket_told(incident)

    def _with_approver_told(self, incident: Incident) -> Incident:
        owner = self.around.plans.book.rulebook.owner
        for path, step in untold_proposals(incident, owner) if owner else ():
            deed = deed_of(self.around.delivery, self.around.generation, incident, path, step, self.around.now)
            incident = incident.with_act(path, self._begin(incident, deed))
        return incident

    def _with_ticket_told(self, incident: Incident) -> Incident:
        step, path = untold(incident), telling_path(incident)
        if step is None:
            return incident
        deed = deed_of(self.around.delivery, self.around.generation, incident, path, step, self.around.now)
        return with_told(incident).with_act(path, self._begin(incident, deed))

    def _begin(self, incident: Incident, deed: Deed) -> Act:
        shadow, now = incident.is_shadow, self.around.now
        self.effects = counted(self.effects, deed.name, shadow, now)
        self.deeds.extend([] if shadow else [deed])
        return Act(deed.name, now, Outcome.WOULD if shadow else Outcome.STARTED, now)

    def _kept_back(self, rule: Rule, incident: Incident, deed: Deed) -> Act | None:
        """What comes of a deed that quiet hours or a limit keep back; None for one that may be begun."""
        around = self.around
        if left := left_to_another(rule, incident, deed.path, deed.name, around.delivery, around.now):
            return left
        cell, directory = around.cells.get(rule.id), around.plans.book.rulebook.directory
        circumstances = Circumstances(around.delivery, directory, cell, self.effects, around.now)
        return kept_back(rule, incident, deed.path, deed.name, circumstances)

    def _with_due(self, incident: Incident) -> Incident:
        book = self.around.plans.book
        rule = next((rule for rule in book.rules if rule.id == incident.rule), None)
        return with_due(incident, rule, self.around.cells.get(incident.rule), book, self.around.delivery, self.around.now)
