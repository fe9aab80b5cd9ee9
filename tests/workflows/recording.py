"""Records the histories of scenarios: the tests below are played on a real server, and what the server has of them is kept.

`make record-histories` records what the present version of Doorstep has not recorded yet; `SCENARIO=name` records one anew. What
an earlier version recorded is never written again: deliveries that it began may still run.
"""

import asyncio
import base64
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHistory

from rules.compile import CompiledBook
from workflows.replay import Recording, written
from workflows.rulebooks import Shelf

HERE = Path(__file__).parent
HISTORIES = HERE / "histories"
INTO = "DOORSTEP_RECORD_INTO"
"""Names the folder that is recorded into; without it tests record nothing."""

SCENARIOS: Mapping[str, str] = {
    "delivery-healthy": "test_usual_days.py::test_a_healthy_delivery_under_the_shipped_rulebook_has_a_short_history",
    "delivery-late-with-mail": "test_usual_days.py::test_a_late_delivery_tells_its_customer_and_ends_late",
    "delivery-missed-scan-cured": "test_delivery.py::test_a_missed_scan_opens_acts_and_is_cured_by_a_scan",
    "delivery-otherwise": "test_delivery.py::test_otherwise_runs_when_an_action_could_not_help",
    "delivery-action-learns": "test_delivery.py::test_what_an_action_learns_is_folded_into_the_delivery",
    "delivery-provider-away": "test_delivery.py::test_an_unreachable_provider_is_seen_in_the_snapshot_and_tried_again",
    "delivery-final-resolves": "test_delivery.py::test_a_final_status_resolves_everything_and_the_result_says_how_it_went",
    "delivery-finished-id": "test_delivery.py::test_a_finished_id_is_refused_unless_it_is_reopened",
    "delivery-grace-and-correction": "test_delivery.py::test_grace_after_the_end_leaves_room_for_a_correction",
    "delivery-people": "test_delivery.py::test_people_acknowledge_resolve_reschedule_amend_and_cancel",
    "delivery-cancelled-in-temporal": "test_delivery.py::test_cancelling_in_the_temporal_ui_cancels_the_delivery",
    "delivery-expired": "test_delivery.py::test_a_delivery_that_never_ends_expires_after_its_promise",
    "delivery-slow-database": "test_delivery.py::test_a_slow_database_delays_no_reaction_and_the_copy_is_repaired",
    "delivery-continues-as-new": "test_delivery.py::test_a_delivery_goes_on_as_new_in_the_middle_of_an_open_incident",
    "delivery-cold-worker": "test_delivery.py::test_a_worker_that_starts_cold_goes_on_where_the_other_stopped",
    "delivery-late-correction": "test_delivery.py::test_a_correction_that_comes_while_the_end_is_being_written_counts",
    "delivery-message-given-up": "test_delivery.py::test_a_message_for_an_incident_that_is_over_is_given_up",
    "delivery-cancelled-store-away": "test_delivery.py::test_cancelling_while_the_store_is_away_is_not_lost",
    "delivery-whole-life": "test_replay.py::test_a_life_with_incidents_updates_and_failures_replays",
    "delivery-reopened": "test_reopening.py::test_a_correction_of_the_final_event_begins_the_next_generation",
    "delivery-adopts-by-update": "test_adoption.py::test_an_open_incident_finishes_under_the_book_that_opened_it",
    "delivery-adopts-by-signal": "test_adoption.py::test_a_signal_adopts_as_well_and_what_it_cannot_adopt_is_counted",
    "delivery-adopts-cold": "test_adoption.py::test_workers_that_start_cold_go_on_under_the_adopted_version_and_the_history_replays",
    "delivery-group": "test_groups.py::test_three_of_one_van_open_together_and_one_of_them_acts_once",
    "delivery-group-store-away": "test_groups.py::test_while_the_store_is_away_nothing_opens_and_it_does_once_it_is_back",
    "delivery-guards": "test_guards.py::test_a_life_with_guards_and_openings_replays",
    "delivery-in-disruption": "test_guards.py::test_a_disruption_that_ends_by_itself_wakes_the_delivery_then",
    "delivery-silent-feed": "test_guards.py::test_no_false_missed_scan_while_the_feed_is_silent_and_it_opens_once_the_feed_is_back",
    "delivery-escalates": "test_over_time.py::test_each_step_of_an_escalation_comes_within_a_second",
    "delivery-acknowledgement-expires": "test_over_time.py::test_an_acknowledgement_holds_the_escalation_up_until_it_expires",
    "delivery-quiet-hours-as-new": "test_over_time.py::test_a_message_in_quiet_hours_is_sent_once_when_they_end_though_the_delivery_goes_on_as_new",
    "delivery-limit": "test_over_time.py::test_what_goes_beyond_a_limit_is_withheld_and_seen",
    "delivery-after-final": "test_over_time.py::test_a_delivery_lives_as_long_as_a_rule_may_open_after_its_end",
    "delivery-grace-ends": "test_over_time.py::test_what_is_open_when_the_grace_ends_is_resolved_before_the_workflow_ends",
    "delivery-decided": "test_people.py::test_a_proposal_waits_until_somebody_approves_also_with_another_worker",
    "delivery-rejected": "test_people.py::test_what_is_rejected_is_not_done_and_it_is_known_by_whom",
    "delivery-muted": "test_people.py::test_a_muted_rule_does_nothing_until_the_mute_ends",
    "delivery-claimed": "test_people.py::test_a_claim_holds_up_the_escalation_and_everybody_is_told_whose_it_is",
    "delivery-customer-answers": "test_closing_actions.py::test_an_answer_in_time_ends_the_question_and_no_ticket_is_opened",
    "delivery-customer-silent": "test_closing_actions.py::test_without_an_answer_in_time_the_rest_is_done_at_that_time",
    "delivery-carrier-agrees": "test_closing_actions.py::test_what_a_carrier_agrees_to_may_cure_the_incident",
    "delivery-receipts": "test_reaching.py::test_an_sms_that_did_not_arrive_goes_by_mail_and_then_the_customer_is_unreachable",
    "delivery-requests": "test_requests.py::test_another_worker_goes_on_waiting_and_the_history_replays",
    "delivery-request-unanswered": "test_requests.py::test_without_an_answer_in_time_otherwise_is_done_and_a_late_one_changes_nothing_of_it",
    "delivery-tickets": "test_tickets.py::test_what_is_done_at_the_desk_reaches_the_incident_once_and_the_ticket_hears_what_changed",
    "delivery-bad-rulebook": "test_garbage.py::test_an_unknown_rulebook_fails_with_those_that_there_are",
    "delivery-foreign-id": "test_garbage.py::test_an_order_under_a_foreign_workflow_id_or_rulebook_is_refused",
    "delivery-garbage": "test_garbage.py::test_a_hundred_garbage_starts_all_end_with_invalid_input_and_no_failing_task",
    "route-plans-once": "test_route.py::test_requests_of_one_moment_are_solved_once_and_each_is_answered",
    "route-breakdown": "test_route.py::test_a_van_breaks_down_and_each_delivery_learns_its_new_driver_or_goes_on_otherwise",
    "route-tells-dispatch": "test_route.py::test_dispatch_is_told_of_the_new_plan_and_keeps_nobody_waiting",
    "route-solver-fails": "test_route.py::test_a_solver_that_fails_gives_failed_with_a_reason_to_everyone_who_asked",
    "route-day-ends": "test_route.py::test_it_ends_with_the_service_day_and_answers_what_comes_after_it",
    "route-cancelled": "test_route.py::test_cancelled_while_it_plans_it_ends",
    "assignment-in-turn": "test_assignment.py::test_who_declines_and_who_does_not_answer_is_followed_by_the_next",
    "assignment-several-at-once": "test_assignment.py::test_of_several_at_once_the_first_who_accepts_has_it_and_the_others_are_told",
    "assignment-nobody": "test_assignment.py::test_when_nobody_takes_it_otherwise_is_done",
    "assignment-carrier-refuses-handover": "test_assignment.py::test_a_carrier_that_refuses_the_handover_does_not_get_it",
    "assignment-no-longer-fits": "test_assignment.py::test_who_accepts_what_no_longer_fits_does_not_get_it_and_the_next_is_asked",
    "assignment-incident-ends": "test_assignment.py::test_when_the_incident_ends_open_offers_are_withdrawn_and_the_room_is_given_back",
    "assignment-by-a-person": "test_assignment.py::test_a_person_decides_who_takes_it_over",
    "assignment-cancelled": "test_assignment.py::test_cancelled_in_temporal_it_takes_its_offers_back",
    "assignment-cancelled-while-it-tells": "test_assignment.py::test_cancelled_while_it_tells_of_an_offer_it_takes_its_offers_back_too",
    "assignment-cancelled-while-it-ends": "test_assignment.py::test_cancelled_while_it_ends_it_tells_its_delivery_all_the_same",
    "assignment-cancelled-while-held": "test_assignment.py::test_while_the_change_is_held_back_it_ends_at_once_as_before",
    "assignment-bad-input": "test_assignment.py::test_bad_input_is_refused_with_every_mistake",
    "disruption-declared": "test_disruption.py::test_a_disruption_that_somebody_declares_has_one_ticket_and_one_message_until_somebody_closes_it",
    "disruption-time-is-up": "test_disruption.py::test_it_ends_by_itself_when_its_time_is_up",
    "disruption-calls-thousands": "test_disruption.py::test_a_group_of_thousands_is_called_and_its_history_stays_short",
    "disruption-mail-away": "test_disruption.py::test_a_mail_server_that_is_away_delays_nobody_and_what_is_over_by_then_is_not_told",
    "disruption-several-kinds": "test_disruption.py::test_several_kinds_on_one_place_are_one_workflow_that_ends_with_the_last",
    "disruption-cancelled": "test_disruption.py::test_cancelling_it_in_the_temporal_ui_ends_what_is_open",
    "feed-silent-and-back": "test_feed.py::test_a_feed_that_is_silent_beyond_its_cadence_is_a_disruption_until_it_is_back",
    "feed-wakes": "test_feed.py::test_it_wakes_when_the_feed_would_be_silent_and_reports_are_no_signals",
    "feed-never-heard-of": "test_feed.py::test_one_that_was_never_heard_of_is_not_silent_and_is_watched_from_its_first_report",
    "feed-new-cadence": "test_feed.py::test_another_worker_goes_on_and_a_new_cadence_counts_at_once",
}  # fmt: skip
"""Scenario -> the test that plays it. A test with parameters is recorded with each, as scenario-1, scenario-2, ..."""

OURS = frozenset({"identity", "stackTrace", "binaryChecksum", "workerInstanceKey", "workerControlTaskQueue"})
"""Fields of events that say on which machine it was, and nothing of what a workflow does."""


SEEN: dict[str, str] = {}
"""Every rulebook that was made ready while tests were recorded, as canonical JSON by version: a test may empty the shelf."""


def seeing(put: Callable[[Shelf, str, str], CompiledBook]) -> Callable[[Shelf, str, str], CompiledBook]:
    """The shelf's `put`, which also fills SEEN."""

    def seen(shelf: Shelf, version: str, canonical: str) -> CompiledBook:
        SEEN[version] = canonical
        return put(shelf, version, canonical)

    return seen


def folder() -> Path:
    """Where the present version records."""
    return HISTORIES / version("doorstep")


def scenario_of(node: str) -> str | None:
    """The scenario that a test (its node id) plays, if it is one."""
    file_and_name = node.partition("[")[0].rpartition("/")[2]
    return next((name for name, played in SCENARIOS.items() if played == file_and_name), None)


async def record(client: Client, since: datetime, name: str, into: Path) -> None:
    """Keeps what a server has of all that began since an instant; adds a number if the name is taken."""
    histories = [_cleaned(one) for one in await _begun(client, since)]
    _keep(Recording(name, _books_named(histories), histories), into)


def _keep(recording: Recording, into: Path) -> None:
    name = recording.scenario
    into.mkdir(parents=True, exist_ok=True)
    numbered = (into / f"{name}{number}.json.gz" for number in ("", *(f"-{n}" for n in range(2, 100))))
    next(file for file in numbered if not file.exists()).write_bytes(written(recording))


async def _begun(client: Client, since: datetime) -> list[WorkflowHistory]:
    """Waits until the server lists no more: its lists are a little late."""
    query, before, now = f"StartTime >= '{since.isoformat()}'", -1, [object()]
    while len(now) != before:
        before = len(now)
        await asyncio.sleep(1.5)
        now = [found async for found in client.list_workflows(query)]
    found = sorted(now, key=lambda one: one.start_time)  # type: ignore[attr-defined]
    return [await client.get_workflow_handle(one.id, run_id=one.run_id).fetch_history() for one in found]  # type: ignore[attr-defined]


def _cleaned(history: WorkflowHistory) -> WorkflowHistory:
    """Without what says on which machine it was."""
    return WorkflowHistory.from_json(history.workflow_id, _without(json.loads(history.to_json())))


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(name, inner) for name, inner in value.items() if name not in OURS}
    return [_without(inner) for inner in value] if isinstance(value, list) else value


def _plain(name: str, value: Any) -> Any:
    """The sticky queue is named after the machine."""
    if name == "taskQueue" and isinstance(value, dict) and value.get("kind") == "TASK_QUEUE_KIND_STICKY":
        return {**value, "name": "sticky"}
    return _without(value)


def _books_named(histories: list[WorkflowHistory]) -> dict[str, str]:
    """Every rulebook that a payload names."""
    told = b"".join(_payloads(json.loads(one.to_json())) for one in histories)
    named = {match.decode() for match in re.findall(rb"[0-9a-f]{64}", told)}
    return {version: SEEN[version] for version in sorted(named) if version in SEEN}


def _payloads(value: Any) -> bytes:
    if isinstance(value, dict):
        data = value.get("data")
        mine = base64.b64decode(data) if isinstance(data, str) and "metadata" in value else b""
        return mine + b" " + b" ".join(_payloads(inner) for inner in value.values())
    return b" ".join(_payloads(inner) for inner in value) if isinstance(value, list) else b""


def a_moment_ago() -> datetime:
    """Servers and we share a clock, but not its rounding."""
    return datetime.now(UTC) - timedelta(milliseconds=2)


def told_to_record(node: str) -> tuple[str, Path] | None:
    """The scenario and the folder, if a test is to be recorded. Which database it is makes no other history."""
    into, name = os.environ.get(INTO), None if "postgres" in node else scenario_of(node)
    return (name, Path(into)) if into and name else None


def _missing(wanted: str | None, into: Path) -> Iterator[str]:
    if wanted is not None and wanted not in SCENARIOS:
        raise SystemExit(f"there is no scenario {wanted}; there are: {', '.join(SCENARIOS)}")
    for name in [wanted] if wanted else SCENARIOS:
        if wanted:
            for file in (into / f"{name}.json.gz", *into.glob(f"{name}-[0-9]*.json.gz")):
                file.unlink(missing_ok=True)
        if not (into / f"{name}.json.gz").exists():
            yield name


def main(wanted: str | None) -> int:
    """Plays what is to be recorded."""
    into = folder()
    tests = [str(HERE / SCENARIOS[name]) for name in _missing(wanted, into)]
    if not tests:
        sys.stdout.write(f"all {len(SCENARIOS)} scenarios are recorded in {into}\n")
        return 0
    os.environ[INTO] = str(into)
    return int(pytest.main(["-q", "-p", "no:cacheprovider", *tests]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else None))
