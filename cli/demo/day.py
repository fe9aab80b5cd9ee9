"""The clock of the played day: it runs `factor` times as fast as ours and begins at six."""

from dataclasses import dataclass

from domain.instant import HOUR, MINUTE, Instant, Span

OPENS = 6 * HOUR
"""What the day's clock shows when the day begins: the orders are known, the first parcels come to the hub."""


@dataclass(frozen=True, slots=True)
class Day:
    """`begins` is the real instant at which the day's clock shows 06:00."""

    begins: Instant
    factor: int

    def at(self, clock: str, days: int = 0) -> Instant:
        """The real instant of a time of the day, "09:30"; `days` -1 is the day before."""
        hours, minutes = (int(part) for part in clock.split(":"))
        return self.begins + (hours * HOUR + minutes * MINUTE - OPENS + days * 24 * HOUR) // self.factor

    def minutes(self, count: int) -> Span:
        """The real length of so many minutes of the day."""
        return count * MINUTE // self.factor

    def clock(self, at: Instant) -> str:
        """What the day's clock shows at a real instant."""
        minutes = (OPENS + (at - self.begins) * self.factor) // MINUTE
        return f"{minutes // 60 % 24:02}:{minutes % 60:02}"

    def grid(self, at: Instant, minutes: int) -> Instant:
        """The last full quarter (half hour, ...) of the day's clock before an instant."""
        step = self.minutes(minutes)
        return self.begins + (at - self.begins) // step * step
