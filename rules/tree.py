"""The syntax tree of a condition: one frozen class per sentence form, tagged by `form`, groups above them.

The tree is what is published (as canonical JSON), evaluated and explained; YAML is only how people write it.
`text` is the sentence as its author wrote it and takes no part in equality.
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from domain.instant import Span
from domain.status import Party, Status


class Truth(IntEnum):
    """Three-valued logic: all = min, any = max, none = 2 - max."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2


Value: TypeAlias = str | int | bool
"""A value in a sentence. Numbers are whole, in the grain of their fact (see VOCABULARY); bool stands before int where types are told apart."""


Currency: TypeAlias = Annotated[str | None, Field(exclude_if=lambda currency: currency is None)]
"""`EUR`: what a sentence's amounts are in. None for what is no amount, and for an amount that is compared in whatever currency the
delivery has; JSON leaves it out then, so that a book without amounts keeps its sha256."""


class Clock(StrEnum):
    """Whose local time clock times are."""

    RECIPIENT = "recipient"
    DEPOT = "depot"
    UTC = "utc"


@dataclass(frozen=True, slots=True)
class Counted:
    """A span that passes only inside a calendar: `3 business hours`, `1 business day`, `counted in calendar C`.

    The span itself stands in its sentence, in milliseconds. `hours`: it is working time. `days`: each 24 hours of it stand for
    one working day of the calendar, from opening to closing. Without a calendar it is the one of the delivery's hub.
    """

    calendar: str | None = None
    unit: Literal["hours", "days"] = "hours"


@dataclass(frozen=True, slots=True)
class EventPattern:
    """E: an event kind, `assignment STATE`, `driver_status STATE`, `opened RULE`, or entry into a status, narrowed by its qualifiers."""

    name: str
    place: str | None = None
    reason: str | None = None
    by: Party | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class TimeRef:
    """T: the name of a time fact (`eta`, `promised end`, `planned departure`), a milestone's due time, an event's last time,
    or `hub cutoff` (the time of day at which the delivery's hub closes its round, on the hub's day that is looked at).

    `event` is set where the event of `last E` is narrowed by qualifiers; its name then is `name`.
    """

    kind: Literal["fact", "due", "last", "cutoff"]
    name: str
    event: EventPattern | None = None


@dataclass(frozen=True, slots=True)
class Is:
    """Form 1: F is (not) V; is one of A, B; a yes/no fact alone. Text values may be globs. `held` is the D of `for D`."""

    fact: str
    values: tuple[Value, ...]
    negated: bool = False
    held: Span = 0
    counted: Counted | None = None
    currency: Currency = None
    form: Literal["is"] = "is"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Includes:
    """Form 1: F includes V, for facts that are lists."""

    fact: str
    value: str
    negated: bool = False
    held: Span = 0
    counted: Counted | None = None
    form: Literal["includes"] = "includes"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Same:
    """Form 1: F is (not) F2."""

    fact: str
    other: str
    negated: bool = False
    held: Span = 0
    counted: Counted | None = None
    form: Literal["same"] = "same"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """Form 2: F over / under / at least / at most N unit."""

    fact: str
    op: Literal["over", "under", "at_least", "at_most"]
    number: int
    held: Span = 0
    counted: Counted | None = None
    currency: Currency = None
    form: Literal["compare"] = "compare"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Between:
    """Form 2: F between A and B, both inclusive."""

    fact: str
    low: int
    high: int
    held: Span = 0
    counted: Counted | None = None
    currency: Currency = None
    form: Literal["between"] = "between"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Known:
    """Form 3: F is known / is unknown."""

    fact: str
    known: bool = True
    held: Span = 0
    counted: Counted | None = None
    form: Literal["known"] = "known"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Absent:
    """Form 4: no E for D [since A] [counted in calendar C]."""

    event: EventPattern
    span: Span
    since: EventPattern | None = None
    counted: Counted | None = None
    form: Literal["absent"] = "absent"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class AbsentBefore:
    """Form 4: no E before T."""

    event: EventPattern
    time: TimeRef
    form: Literal["absent_before"] = "absent_before"
    text: str = field(default="", compare=False)


class State(StrEnum):
    """The lasting states of form 5."""

    AT_SAME_STOP = "at_same_stop"
    AT_SAME_HUB = "at_same_hub"
    STOPPED = "stopped"
    MOVING = "moving"
    SILENT = "silent"
    OFF_ROUTE = "off_route"


@dataclass(frozen=True, slots=True)
class Staying:
    """Form 5: at same stop / at same hub / stopped / moving / silent / off route, for D."""

    state: State
    span: Span
    counted: Counted | None = None
    form: Literal["staying"] = "staying"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Later:
    """Form 8: T1 later / earlier than T2 [by D]."""

    first: TimeRef
    second: TimeRef
    by: Span = 0
    earlier: bool = False
    counted: Counted | None = None
    form: Literal["later"] = "later"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Around:
    """Form 8: within D before T (until T); D before T; D after T; after T (D is 0)."""

    time: TimeRef
    span: Span
    side: Literal["within_before", "before", "after"]
    counted: Counted | None = None
    form: Literal["around"] = "around"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Overdue:
    """Form 8: MILESTONE overdue [by D]."""

    milestone: Status
    by: Span = 0
    counted: Counted | None = None
    form: Literal["overdue"] = "overdue"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Daytime:
    """Form 9: between H1 and H2, in milliseconds since local midnight; crosses midnight when `start` is later than `end`."""

    start: Span
    end: Span
    form: Literal["daytime"] = "daytime"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Form 9: on weekdays; on WEEKDAY, ...; Monday is 0."""

    days: tuple[int, ...]
    form: Literal["weekdays"] = "weekdays"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Received:
    """Form 11: E received; true at the instant at which it is learnt."""

    event: EventPattern
    form: Literal["received"] = "received"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Count:
    """Form 6: E at least N times [in D]."""

    event: EventPattern
    at_least: int
    span: Span | None = None
    counted: Counted | None = None
    form: Literal["count"] = "count"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Form 7: A then B within D; negated: A not followed by B within D. B is a later event than A."""

    first: EventPattern
    then: EventPattern
    within: Span
    negated: bool = False
    counted: Counted | None = None
    form: Literal["sequence"] = "sequence"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class WrongOrder:
    """Form 7: A before B, where B ought to come first."""

    first: EventPattern
    second: EventPattern
    form: Literal["wrong_order"] = "wrong_order"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Skipped:
    """Form 7: MILESTONE skipped: a later one was recorded, and it was not."""

    milestone: Status
    form: Literal["skipped"] = "skipped"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class InCalendar:
    """Form 9: in / not in calendar C: inside its hours on one of its working days."""

    calendar: str
    negated: bool = False
    form: Literal["in_calendar"] = "in_calendar"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class FeedStale:
    """Form 10, a guard: feed of carrier / feed X stale for D. Without a feed it is that of the delivery's carrier."""

    span: Span
    feed: str | None = None
    form: Literal["feed_stale"] = "feed_stale"
    text: str = field(default="", compare=False)


DisruptionScope = Literal["hub", "carrier", "route", "zone"]


@dataclass(frozen=True, slots=True)
class DisruptionOpen:
    """Form 10, a guard: disruption open on the delivery's hub / carrier / route / zone [of kind K]."""

    scope: DisruptionScope
    kind: str | None = None
    form: Literal["disruption_open"] = "disruption_open"
    text: str = field(default="", compare=False)


WeatherLevel = Literal["yellow", "orange", "red"]


@dataclass(frozen=True, slots=True)
class WeatherWarning:
    """Form 10, a guard: weather warning at least LEVEL, where the delivery goes."""

    level: WeatherLevel
    form: Literal["weather_warning"] = "weather_warning"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class TrafficDelay:
    """Form 10, a guard: traffic delay over D, on the rest of the route."""

    span: Span
    form: Literal["traffic_delay"] = "traffic_delay"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class All:
    """Every child is true."""

    children: tuple["Condition", ...]
    form: Literal["all"] = "all"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one child is true."""

    children: tuple["Condition", ...]
    form: Literal["any"] = "any"


@dataclass(frozen=True, slots=True)
class NoneOf:
    """No child is true."""

    children: tuple["Condition", ...]
    form: Literal["none"] = "none"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least N of the children are true."""

    n: int
    children: tuple["Condition", ...]
    form: Literal["at_least"] = "at_least"


@dataclass(frozen=True, slots=True)
class Together:
    """What a rule with `group` asks before it opens: is the delivery one of at least so many that share `by`, and joined within a
    span (0: however far apart)? It is no sentence that anybody writes. `rule` names the rulebook and the rule; a shadow's group is
    `unseen`: nobody else hears of its disruption. `instead`: it acts for all of them."""

    by: str
    at_least: int
    span: Span
    rule: str
    unseen: bool = False
    instead: bool = False
    form: Literal["together"] = "together"
    text: str = field(default="", compare=False)


Guard: TypeAlias = FeedStale | DisruptionOpen | WeatherWarning | TrafficDelay
"""Form 10: looks at something outside the delivery, taken only when the rest of a rule is true."""

Sentence: TypeAlias = (
    Is | Includes | Same | Compare | Between | Known | Absent | AbsentBefore | Staying | Count | Sequence | WrongOrder | Skipped
    | Later | Around | Overdue | Daytime | Weekdays | InCalendar | Received | Guard
)  # fmt: skip
Group: TypeAlias = All | AnyOf | NoneOf | AtLeast


def _form(node: Any) -> str:
    return str(node["form"] if isinstance(node, dict) else node.form)


Condition = Annotated[
    Annotated[Is, Tag("is")]
    | Annotated[Includes, Tag("includes")]
    | Annotated[Same, Tag("same")]
    | Annotated[Compare, Tag("compare")]
    | Annotated[Between, Tag("between")]
    | Annotated[Known, Tag("known")]
    | Annotated[Absent, Tag("absent")]
    | Annotated[AbsentBefore, Tag("absent_before")]
    | Annotated[Staying, Tag("staying")]
    | Annotated[Later, Tag("later")]
    | Annotated[Around, Tag("around")]
    | Annotated[Overdue, Tag("overdue")]
    | Annotated[Daytime, Tag("daytime")]
    | Annotated[Weekdays, Tag("weekdays")]
    | Annotated[Received, Tag("received")]
    | Annotated[Count, Tag("count")]
    | Annotated[Sequence, Tag("sequence")]
    | Annotated[WrongOrder, Tag("wrong_order")]
    | Annotated[Skipped, Tag("skipped")]
    | Annotated[InCalendar, Tag("in_calendar")]
    | Annotated[FeedStale, Tag("feed_stale")]
    | Annotated[DisruptionOpen, Tag("disruption_open")]
    | Annotated[WeatherWarning, Tag("weather_warning")]
    | Annotated[TrafficDelay, Tag("traffic_delay")]
    | Annotated[All, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[NoneOf, Tag("none")]
    | Annotated[AtLeast, Tag("at_least")],
    Discriminator(_form),
]
