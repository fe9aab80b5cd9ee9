"""The Feed workflow: one inbound source, which should report at least every so often.

It wakes when the feed would be silent for too long, and looks at when it was heard of; reports themselves are no signals. Of a feed
that is silent, or was never heard of, whoever hears something tells it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.feeds import Feeding
    from domain.feed import Expected, FeedLook
    from domain.instant import Instant, iso
    from workflows.attributes import SCOPE
    from workflows.contract import FEED
    from workflows.feed_signals import FeedExpectation, read_signal, read_start, wire_expectation
    from workflows.place_details import UTC, feed_details
    from workflows.state import Rejections
    from workflows.timer import now
    from workflows.words import clock
    from workflows.writer import UNTIL_DONE

QUICK = timedelta(seconds=30)
CALLING = timedelta(minutes=10)


@workflow.defn(name=FEED)
class Feed:
    """A carrier's webhook, a driver app, a vehicle tracker. It ends only when it is cancelled or terminated."""

    def __init__(self) -> None:
        self._expected: Expected | None = None
        self._seen: FeedLook | None = None
        self._was_silent = False
        self._is_called = False
        self._rejected = Rejections()

    @workflow.run
    async def run(self, expectation: RawValue = None) -> None:  # type: ignore[assignment]
        """Watches for ever, in as many runs as it takes."""
        start = self._begin(expectation)
        while True:
            self._is_called = False
            expected = self._expected or start.expected
            self._seen = await workflow.execute_activity_method(
                Feeding.look,
                expected,
                start_to_close_timeout=QUICK,
                retry_policy=UNTIL_DONE,
                summary="looks when it was heard of last",
            )
            if self._was_silent and not self._seen.is_silent:
                await self._back(expected)
            self._was_silent = self._seen.is_silent
            looks_at = _looks_at(expected, self._seen)
            workflow.set_current_details(feed_details(expected, self._seen, looks_at))
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(wire_expectation(self._expected or expected, self._was_silent))
            await self._until_it_may_be_silent(looks_at)

    @workflow.signal(dynamic=True, description="expect: {source, cadence_seconds}; heard: nothing, of one that was silent")
    def note(self, name: str, args: Sequence[RawValue]) -> None:
        """Takes note."""
        try:
            self._expected = read_signal(name, args, workflow.info().workflow_id) or self._expected
            self._is_called = True
        except ApplicationError as error:
            self._rejected = self._rejected.and_one(f"{iso(now())} {name[:40]}: {error.message}")

    @workflow.query(description="When the feed was heard of last, how often it should be, and whether it is silent")
    def snapshot(self, request: RawValue = None) -> dict[str, Any]:  # type: ignore[assignment]
        expected, seen = self._expected, self._seen
        return {
            "as_of": iso(now()),
            "source": expected.source if expected else None,
            "cadence_seconds": expected.cadence // 1000 if expected else None,
            "last_seen": iso(seen.last_seen) if seen else None,
            "silent": seen.is_silent if seen else None,
            "rejected": {"count": self._rejected.count, "last": list(self._rejected.last)},
        }

    def _begin(self, sent: RawValue) -> FeedExpectation:
        """Raises ApplicationError "InvalidInput" for what cannot be read."""
        start = read_start(sent, workflow.info().workflow_id)
        self._expected = self._expected or start.expected
        if workflow.info().continued_run_id is not None:
            self._was_silent = start.was_silent
        else:
            workflow.upsert_search_attributes([SCOPE.value_set("feed")])
        return start

    async def _back(self, expected: Expected) -> None:
        await workflow.execute_activity_method(
            Feeding.back,
            expected.source,
            start_to_close_timeout=CALLING,
            heartbeat_timeout=QUICK,
            retry_policy=UNTIL_DONE,
            summary="it is back: calls the deliveries that waited for it",
        )

    async def _until_it_may_be_silent(self, at: Instant | None) -> None:
        wait = None if at is None else timedelta(milliseconds=max(1, at - now()))
        label = None if at is None else f"until {clock(at, UTC)} UTC: silent if nothing is heard of it"
        try:
            await workflow.wait_condition(lambda: self._is_called, timeout=wait, timeout_summary=label)
        except TimeoutError:
            return


def _looks_at(expected: Expected, seen: FeedLook) -> Instant | None:
    """When it has to be looked at again; None for one that was never heard of. One that is silent is looked at again after a
    cadence, should nobody have said that it is back."""
    since = now() if seen.is_silent else seen.last_seen
    return None if since is None else since + expected.cadence + 1
