"""How a delivery's day goes: an ordinary one, and one story for each fault that is injected."""

from collections.abc import Callable
from dataclasses import dataclass

from cli.demo.diary import Diary
from cli.demo.rounds import SERVICE_MINUTES, Trip
from cli.demo.town import HUB, ROUNDS
from domain.instant import Instant
from domain.reasons import Reason
from domain.status import DriverState, Kind, Party, Status

SCANNED_FROM = "06:20"
LOADED_FROM = "07:10"
LEFT_HUB = "08:30"


@dataclass(frozen=True, slots=True)
class Page:
    """A delivery's diary and the trip that it is on."""

    diary: Diary
    trip: Trip

    @property
    def arrives(self) -> Instant:
        return self.diary.call.arrives

    @property
    def ends(self) -> Instant:
        """The end of the promise."""
        return self.diary.call.window.end

    def at(self, clock: str) -> Instant:
        return self.diary.day.at(clock)

    def minutes(self, count: int) -> int:
        return self.diary.day.minutes(count)

    def stagger(self, clock: str) -> Instant:
        """Parcels are scanned one after the other, one a minute."""
        rounds = [sector.route_id for sector in ROUNDS]
        call = self.diary.call
        return self.at(clock) + self.minutes(call.number * len(rounds) + rounds.index(call.round.route_id))

    def left_previous(self) -> Instant:
        """When the driver is on the way from the call two places before this one: this one is next but one."""
        before = self.trip.calls[self.diary.call.number - 2]
        return before.arrives + self.minutes(SERVICE_MINUTES + 5)


Story = Callable[[Page], None]


def ordinary(page: Page) -> None:
    """Scanned at the hub, loaded, on the way, handed over."""
    to_the_hub(page)
    onto_the_van(page)
    on_the_way(page)
    at_the_door(page, page.arrives)


def to_the_hub(page: Page, at: Instant | None = None, known_after: int = 0) -> None:
    when = page.stagger(SCANNED_FROM) if at is None else at
    page.diary.tell(when, Kind.SCAN, status=Status.AT_HUB, place=HUB, known_after=known_after)


def onto_the_van(page: Page, at: Instant | None = None, known_after: int = 0) -> None:
    when = page.stagger(LOADED_FROM) if at is None else at
    page.diary.tell(when, Kind.SCAN, status=Status.OUT_FOR_DELIVERY, place=HUB, known_after=known_after)


def on_the_way(page: Page, tells_again: bool = True) -> None:
    """The van leaves, tells when it will come, tells again an hour before, and has lunch."""
    diary = page.diary
    diary.tell(page.at(LEFT_HUB), Kind.DEPARTED_DEPOT)
    diary.tell(page.at(LEFT_HUB), Kind.ETA, eta=page.arrives, confidence=70)
    if tells_again and page.arrives > page.at("10:00"):
        diary.tell(page.arrives - page.minutes(60), Kind.ETA, eta=page.arrives + page.minutes(3), confidence=85)
    if page.arrives > page.trip.lunch:
        lunch(page)


def lunch(page: Page) -> None:
    """Half an hour, standing at a diner: no cause for alarm."""
    diary, noon = page.diary, page.trip.lunch
    diary.tell(noon, Kind.DRIVER_STATUS, by=Party.DRIVER, detail={"state": DriverState.ON_BREAK.value})
    diary.tell(noon + page.minutes(2), Kind.STOPPED)
    diary.tell(noon + page.minutes(29), Kind.MOVING)
    diary.tell(noon + page.minutes(30), Kind.DRIVER_STATUS, by=Party.DRIVER, detail={"state": DriverState.BACK.value})


def at_the_door(page: Page, arrives: Instant, takes: int = SERVICE_MINUTES) -> None:
    """Arrival, proof and the last scan."""
    page.diary.tell(arrives, Kind.ARRIVED)
    handed_over(page, arrives + page.minutes(takes - 2))


def handed_over(page: Page, at: Instant) -> None:
    page.diary.tell(at, Kind.PROOF, by=Party.DRIVER, detail={"type": "signature", "ref": f"sig-{page.diary.call.delivery_id}"})
    page.diary.tell(at + page.minutes(1), Kind.SCAN, status=Status.DELIVERED)


def reported_twice(page: Page) -> None:
    """A feed that sends everything again two minutes later."""
    ordinary(page)
    page.diary.again(2)


def reported_in_one_breath_twice(page: Page) -> None:
    """A feed that sends everything twice at once."""
    ordinary(page)
    page.diary.again(0)


def hub_scan_comes_late(page: Page) -> None:
    """The hub's scanner was offline: its scan is reported when the van has long left."""
    to_the_hub(page, known_after=150)
    onto_the_van(page)
    on_the_way(page)
    at_the_door(page, page.arrives)


def scans_come_in_the_wrong_order(page: Page) -> None:
    """The driver's telephone was offline at the door: the arrival is reported after the hand-over."""
    to_the_hub(page)
    onto_the_van(page, known_after=20)
    on_the_way(page)
    page.diary.tell(page.arrives, Kind.ARRIVED, known_after=SERVICE_MINUTES - 2)
    handed_over(page, page.arrives + page.minutes(SERVICE_MINUTES - 3))


def late(page: Page) -> None:
    """Nobody says anything, the promise passes, the van comes 50 minutes after it."""
    to_the_hub(page)
    onto_the_van(page)
    on_the_way(page)
    at_the_door(page, page.ends + page.minutes(50))


def predicted_late(page: Page) -> None:
    """In traffic, two stops before this one, the driver's app says a time after the promise."""
    to_the_hub(page)
    onto_the_van(page)
    on_the_way(page, tells_again=False)
    page.diary.tell(page.left_previous(), Kind.ETA, eta=page.ends + page.minutes(15), confidence=80)
    at_the_door(page, page.ends - page.minutes(5))


def predicted_late_at_the_end(page: Page) -> None:
    """The last stop of a round that will not be done in time; another driver can still make it."""
    to_the_hub(page)
    onto_the_van(page)
    on_the_way(page)
    page.diary.tell(page.arrives - page.minutes(20), Kind.ETA, eta=page.ends + page.minutes(30), confidence=80)
    at_the_door(page, page.arrives + page.minutes(50))


def predicted_late_and_saved(page: Page) -> None:
    """A closed road before the next stop, nobody else can take it; then the road opens, and it comes in time after all."""
    to_the_hub(page)
    onto_the_van(page)
    on_the_way(page)
    since = page.trip.calls[page.diary.call.number - 1].arrives + page.minutes(SERVICE_MINUTES + 2)
    page.diary.tell(since, Kind.ETA, eta=page.ends + page.minutes(30), confidence=80)
    page.diary.tell(since + page.minutes(40), Kind.ETA, eta=page.ends - page.minutes(12), confidence=90)
    at_the_door(page, page.ends - page.minutes(14))


def stop_dwell(page: Page) -> None:
    """At the door for three quarters of an hour; then a scan, and it is handed over."""
    to_the_hub(page)
    onto_the_van(page)
    on_the_way(page)
    page.diary.tell(page.arrives, Kind.ARRIVED)
    page.diary.tell(page.arrives + page.minutes(45), Kind.SCAN)
    handed_over(page, page.arrives + page.minutes(47))


def hub_dwell(page: Page) -> None:
    """Left behind at the hub with the promise near; another carrier fetches it."""
    to_the_hub(page)
    onto_the_van(page, page.ends - page.minutes(60))
    at_the_door(page, page.ends - page.minutes(10))


def left_at_the_door(page: Page) -> None:
    """The driver came and went, and nothing says how it went; the outcome is scanned 40 minutes later."""
    to_the_hub(page)
    onto_the_van(page)
    on_the_way(page)
    page.diary.tell(page.arrives, Kind.ARRIVED)
    page.diary.tell(page.arrives + page.minutes(4), Kind.DEPARTED)
    handed_over(page, page.arrives + page.minutes(44))


def missed_hub_scan(page: Page) -> None:
    """Due at the hub at seven, not scanned; found and loaded after eight."""
    to_the_hub(page, page.at("08:27"))
    onto_the_van(page, page.at("08:40"))
    on_the_way(page)
    at_the_door(page, page.arrives)


def missed_departure_scan(page: Page) -> None:
    """Loaded without a scan; the driver makes up for it on the way."""
    to_the_hub(page)
    onto_the_van(page, page.at("09:48"))
    at_the_door(page, page.arrives)


def failed_attempt(page: Page) -> None:
    """Nobody at home, reported as kind and as status; the customer takes a new time, and is there."""
    _attempted(page, Reason.CONSIGNEE_NOT_HOME)
    page.diary.tell(page.arrives + page.minutes(30), Kind.PROMISE_CHANGED, by=Party.CUSTOMER, detail=_afternoon(page))
    _second_try(page)


def address_problem(page: Page) -> None:
    """No such house number; the customer answers, the driver comes again."""
    _attempted(page, Reason.CONSIGNEE_INCORRECT_ADDRESS)
    answer = {"text": "It is number 12 B, behind the school", "channel": "sms"}
    page.diary.tell(page.arrives + page.minutes(40), Kind.CUSTOMER_REPLY, by=Party.CUSTOMER, detail=answer)
    _second_try(page)


def _attempted(page: Page, reason: Reason) -> None:
    to_the_hub(page)
    onto_the_van(page)
    on_the_way(page)
    page.diary.tell(page.arrives, Kind.ARRIVED)
    page.diary.tell(page.arrives + page.minutes(4), Kind.ATTEMPT_FAILED, reason=reason)
    page.diary.tell(page.arrives + page.minutes(5), Kind.STATUS, status=Status.ATTEMPT_FAILED, reason=reason)
    page.diary.tell(page.arrives + page.minutes(6), Kind.DEPARTED)


def _afternoon(page: Page) -> dict[str, Instant]:
    return {"start": page.at("14:00"), "end": page.at("17:30")}


def _second_try(page: Page) -> None:
    page.diary.tell(page.at("14:30"), Kind.STATUS, status=Status.OUT_FOR_DELIVERY)
    at_the_door(page, page.at("15:40"))


SILENT_FOR = 60
STOOD_FOR = 80


def driver_silent(page: Page) -> None:
    """The van's tracker falls silent after the eighth stop, for the deliveries that are still in it."""
    _out_of_reach(page, Kind.SILENT, SILENT_FOR)


def van_stopped(page: Page) -> None:
    """The van breaks down after the eighth stop, away from any stop; nobody reports a break."""
    _out_of_reach(page, Kind.STOPPED, STOOD_FOR)


BROKEN_OFF_AFTER = 7
"""The call after which a van falls silent or stands."""


def _out_of_reach(page: Page, kind: Kind, lasts: int) -> None:
    to_the_hub(page)
    onto_the_van(page)
    on_the_way(page)
    since = page.trip.calls[BROKEN_OFF_AFTER].arrives + page.minutes(SERVICE_MINUTES + 2)
    page.diary.tell(since, kind)
    page.diary.tell(since + page.minutes(lasts), Kind.MOVING)
    at_the_door(page, page.arrives + page.minutes(lasts))
