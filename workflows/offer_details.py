"""The current details of an assignment in the Temporal UI: markdown that can be read aloud, by the recipient's clock. Pure."""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from domain.actions import ActionResult, Outcome
from domain.assignment import AssignmentRequest
from rules.book import public_name
from rules.evidence import in_words
from workflows.offers import Offer
from workflows.words import OUTCOMES, clipped, clock, said_in_quotes, zone_of


def details_of(asked: AssignmentRequest, offers: Sequence[Offer], result: ActionResult | None) -> str:
    """Why somebody else is looked for, who was asked, until when they may answer, and what comes then."""
    request = asked.request
    zone = zone_of(request.destination.timezone)
    why = f"Rule `{public_name(request.rule)}` asks for it: {said_in_quotes(request.says)}."
    lines = [
        f"## Somebody else is to bring {request.delivery_id}",
        "",
        why if asked.to is None else f"{said_in_quotes(request.says)}.",
        "",
        *(_offer(offer, zone) for offer in offers),
        "",
        "### What happens next" if result is None else "### How it ended",
        "",
        *(_next(asked, offers, zone) if result is None else [_end(result)]),
        "",
        f"Times are those of {request.destination.timezone}.",
    ]
    return clipped("\n".join(lines))


def _offer(offer: Offer, zone: ZoneInfo) -> str:
    """`- V7 was asked, until 15:05 (arrives 15:40)`."""
    when = f"until **{clock(offer.until, zone)}**" if offer.state.is_open else f"at {clock(offer.at, zone)}"
    about = f" ({said_in_quotes(offer.candidate.note)})" if offer.candidate.note else ""
    return f"- {offer.candidate.kind} {said_in_quotes(offer.words)}, {when}{about}"


def _next(asked: AssignmentRequest, offers: Sequence[Offer], zone: ZoneInfo) -> Iterator[str]:
    open_ones = [offer for offer in offers if offer.state.is_open]
    if not open_ones:
        yield "We look who could take it."
        return
    first = min(open_ones, key=lambda offer: offer.until)
    within = int(asked.request.args.get("accept_within") or 0)
    yield (
        f"If {first.candidate.who} does not answer by **{clock(first.until, zone)}**, the next one is asked."
        f" Each has {in_words(within)}. If nobody is left, the rule goes on with what it says under `otherwise`."
    )


def _end(result: ActionResult) -> str:
    note = f": {said_in_quotes(result.note)}" if result.note else ""
    return f"It was taken over{note}." if result.outcome is Outcome.DONE else f"{OUTCOMES[result.outcome].capitalize()}{note}."
