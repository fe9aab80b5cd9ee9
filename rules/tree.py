"""The syntax tree of a condition: one frozen class per sentence form, tagged by `form`, groups above them.

The tree is what is published (as canonical JSON), evaluated and explained; YAML is only how people write it.
`text` is the sentence as its author wrote it and takes no part in equality.
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Tag

from domain.instant import Span
from domain.status import Party, Status


class Truth(IntEnum):
    """Three-valued logic: all = min, any = max, none = 2 - max."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2


Value: TypeAlias = str | int | bool
"""A value in a sentence. Numbers are whole, in the grain of their fact (see VOCABULARY); bool stands before int where types are told apart."""


class Clock(StrEnum):
    """Whose local time clock times are."""

    RECIPIENT = "recipient"
    DEPOT = "depot"
    UTC = "utc"


@dataclass(frozen=True, slots=True)
class EventPattern:
    """E: an event kind, `assignment STATE`, `driver_status STATE`, or entry into a status, narrowed by its qualifiers."""

    name: str
    place: str | None = None
    reason: str | None = None
    by: Party | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class TimeRef:
    """T: the name of a time fact (`eta`, `promised end`, `planned departure`), a milestone's due time, or an event's last time."""

    kind: Literal["fact", "due", "last"]
    name: str


@dataclass(frozen=True, slots=True)
class Is:
    """Form 1: F is (not) V; is one of A, B; a yes/no fact alone. Text values may be globs. `held` is the D of `for D`."""

    fact: str
    values: tuple[Value, ...]
    negated: bool = False
    held: Span = 0
    form: Literal["is"] = "is"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Includes:
    """Form 1: F includes V, for facts that are lists."""

    fact: str
    value: str
    negated: bool = False
    held: Span = 0
    form: Literal["includes"] = "includes"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Same:
    """Form 1: F is (not) F2."""

    fact: str
    other: str
    negated: bool = False
    held: Span = 0
    form: Literal["same"] = "same"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """Form 2: F over / under / at least / at most N unit."""

    fact: str
    op: Literal["over", "under", "at_least", "at_most"]
    number: int
    held: Span = 0
    form: Literal["compare"] = "compare"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Between:
    """Form 2: F between A and B, both inclusive."""

    fact: str
    low: int
    high: int
    held: Span = 0
    form: Literal["between"] = "between"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Known:
    """Form 3: F is known / is unknown."""

    fact: str
    known: bool = True
    held: Span = 0
    form: Literal["known"] = "known"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Absent:
    """Form 4: no E for D [since A]."""

    event: EventPattern
    span: Span
    since: EventPattern | None = None
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
    form: Literal["staying"] = "staying"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Later:
    """Form 8: T1 later / earlier than T2 [by D]."""

    first: TimeRef
    second: TimeRef
    by: Span = 0
    earlier: bool = False
    form: Literal["later"] = "later"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Around:
    """Form 8: within D before T (until T); D before T; D after T; after T (D is 0)."""

    time: TimeRef
    span: Span
    side: Literal["within_before", "before", "after"]
    form: Literal["around"] = "around"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Overdue:
    """Form 8: MILESTONE overdue [by D]."""

    milestone: Status
    by: Span = 0
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


Sentence: TypeAlias = (
    Is | Includes | Same | Compare | Between | Known | Absent | AbsentBefore | Staying
    | Later | Around | Overdue | Daytime | Weekdays | Received
)  # fmt: skip
Group: TypeAlias = All | AnyOf | NoneOf


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
    | Annotated[All, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[NoneOf, Tag("none")],
    Discriminator(_form),
]
