"""The scalars of wire models: what a name, an instant, an amount may be."""

from datetime import date
from decimal import Decimal
from typing import Annotated, TypeVar
from zoneinfo import available_timezones

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from domain.instant import of_our_time

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(max_length=500)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

Item = TypeVar("Item")


def _or_empty(sent: tuple[Item, ...] | None) -> tuple[Item, ...]:
    return () if sent is None else sent


NULL_IS_EMPTY = AfterValidator(_or_empty)
"""For lists that may be null. Temporal's HTTP API makes null of every empty list, before we see it; so do some languages."""

When = Annotated[AwareDatetime, Field(strict=True), AfterValidator(of_our_time)]
Day = Annotated[date, AfterValidator(of_our_time)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Decimals = Annotated[Decimal, Field(ge=0, le=10**9, max_digits=20)]
Degrees = Annotated[Decimal, Field(ge=-300, le=2_000, max_digits=10)]
Measure = Annotated[Decimal, Field(ge=-(10**9), le=10**9, max_digits=20)]


def _known_timezone(name: str) -> str:
    if name not in _TIMEZONES:
        raise ValueError("unknown timezone; write an IANA name such as Europe/Helsinki")
    return name


_TIMEZONES = available_timezones()
Timezone = Annotated[str, AfterValidator(_known_timezone)]


class Wire(BaseModel):
    """What all wire models share: unknown fields are ignored, values are immutable."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def thousandths(amount: Decimal | None) -> int | None:
    """A decimal as a whole number of thousandths, rounded half to even."""
    return None if amount is None else int((amount * 1000).to_integral_value())
