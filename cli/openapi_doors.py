"""What each door for machines takes and answers, in one table: for /openapi.json. A test holds it against the doors that there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MAIL = "message/rfc822"


@dataclass(frozen=True, slots=True)
class Door:
    """One row. `takes`, `answers`: names of schemas (see cli.openapi), None for no body. `also`: headers and the like
    that may be given. `lets_in`: ways of signing in, one of them."""

    summary: str
    lets_in: Sequence[str]
    answers: Mapping[int, tuple[str, str | None]]
    refuses: Mapping[int, str]
    takes: str | None = None
    type: str = JSON
    also: Sequence[str] = ()
    examples: Mapping[str, Any] = field(default_factory=dict)


ORDER: Mapping[str, Any] = {
    "schema_version": 1,
    "delivery_id": "D-1001",
    "order_id": "O-77",
    "carrier": "acme",
    "promised": {"start": "2030-01-07T14:00:00+02:00", "end": "2030-01-07T16:00:00+02:00"},
    "destination": {"timezone": "Europe/Helsinki", "country": "FI", "address": "Mannerheimintie 1", "lat": 60.17, "lon": 24.94},
    "customer": {"name": "Aino", "email": "aino@example.test", "language": "en", "channels": ["email"]},
    "rulebook": "standard",
}

KEY, SIGNED, TWILIO, DESK = "key", "signature", "twilio", "zendesk"

SIGN_IN: Mapping[str, Mapping[str, str]] = {
    KEY: {"type": "http", "scheme": "bearer", "description": "a key of DOORSTEP_API_KEYS"},
    SIGNED: {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Standard Webhooks: signed with the secret of the endpoint in directory.yaml, or of the desk; with webhook-id and webhook-timestamp",
    },
    TWILIO: {"type": "apiKey", "in": "header", "name": "X-Twilio-Signature", "description": "by Twilio, with TWILIO_AUTH_TOKEN"},
    DESK: {
        "type": "apiKey",
        "in": "header",
        "name": "X-Zendesk-Webhook-Signature",
        "description": "by Zendesk, with the webhook's secret; with X-Zendesk-Webhook-Signature-Timestamp",
    },
}

NO_KEY = "no key, or one that is not known"
UNSIGNED = "the signature is missing, wrong or older than five minutes"
LONG = "the body is too long"
OTHER_TYPE = "the body is of another media type"
FIELDS = "what was sent cannot be read; `errors` names every field"
AWAY = "it cannot be reached now: send it again after Retry-After seconds"
NONE_KEPT = "the database is away, and nothing was kept: send it again after Retry-After seconds"
UNKNOWN = "there is no such delivery under way"

BODY: Mapping[int, str] = {413: LONG, 415: OTHER_TYPE, 422: FIELDS}
"""What every door refuses that takes a body."""

ACCEPTED: Mapping[str, Any] = {"delivery_id": "D-1001", "state": "started"}
TAKEN = ("taken, or never to be taken: `because` says why", "Taken")

UPDATE = Door(
    "",  # each update has its own
    (KEY,),
    {200: ("the update is executed", "UpdateAnswer")},
    {401: NO_KEY, 404: UNKNOWN, 409: "what the delivery is stands against it; `errors` says how", **BODY, 503: AWAY},
    also=("Idempotency-Key",),
)
"""What the doors of all updates share."""

DOORS: Mapping[str, Door] = {
    "POST /v1/deliveries": Door(
        "An order, with which a delivery begins",
        (KEY,),
        {202: ("the order is committed; `kept`: its delivery begins as soon as Temporal is there", "OrderTaken")},
        {
            401: NO_KEY,
            409: "a delivery of that id is under way with another order, or has ended, or its rulebook is not published",
            **BODY,
            503: NONE_KEPT,
        },
        takes="DeliveryOrder",
        also=("Idempotency-Key",),
        examples={"request": ORDER, "202": ACCEPTED},
    ),
    "GET /v1/deliveries/{delivery_id}": Door(
        "How a delivery stands",
        (KEY,),
        {200: ("its snapshot", "Snapshot")},
        {401: NO_KEY, 404: UNKNOWN, 503: AWAY},
    ),
    "DELETE /v1/deliveries/{delivery_id}/links": Door(
        "Voids the tracking links that were sent until now",
        (KEY,),
        {204: ("they are void", None)},
        {401: NO_KEY, 503: AWAY},
    ),
    "POST /v1/deliveries/{delivery_id}/proposals/{proposal_id}": Door(
        "Decides a proposal, which stands in the path",
        UPDATE.lets_in,
        UPDATE.answers,
        UPDATE.refuses,
        takes="Decision",
        also=UPDATE.also,
        examples={"request": {"approve": True, "by": "Kim"}},
    ),
    "GET /v1/routes/{route_id}/plan": Door(
        "The plan of a route that is in force",
        (KEY,),
        {200: ("the plan; ETag names it", "Plan"), 304: ("the plan of If-None-Match is still in force", None)},
        {
            401: NO_KEY,
            404: "there is no plan of such a route, or none on that day",
            422: "service_date is no date",
            503: NONE_KEPT,
        },
        also=("service_date", "If-None-Match"),
    ),
    "POST /v1/assignments/{assignment_id}/answer": Door(
        "The answer of who was offered a delivery",
        (KEY, SIGNED),
        {200: ("how the offer stands now", "OfferAnswered")},
        {
            401: f"{NO_KEY}, or {UNSIGNED}",
            404: "there is no such assignment under way",
            409: "it came too late",
            **BODY,
            503: AWAY,
        },
        takes="OfferAnswer",
        examples={"request": {"carrier": "zipvan", "accept": True, "tracking_number": "ZV-7"}},
    ),
    "POST /v1/mail/bounces": Door(
        "A mail that came back, as it is",
        (KEY,),
        {202: TAKEN},
        {401: NO_KEY, **BODY, 503: NONE_KEPT},
        takes="Text",
        type=MAIL,
    ),
    "POST /v1/twilio/inbound": Door(
        "A customer's reply, from Twilio",
        (TWILIO,),
        {200: ("what Twilio is to reply (TwiML)", "TwiML")},
        {401: UNSIGNED, **BODY, 503: NONE_KEPT},
        takes="Form",
        type=FORM,
    ),
    "POST /v1/twilio/status": Door(
        "What became of a message, from Twilio",
        (TWILIO,),
        {204: ("noted", None)},
        {401: UNSIGNED, **BODY, 503: NONE_KEPT},
        takes="Form",
        type=FORM,
    ),
    **{
        f"POST /v1/tickets/{desk}": Door(
            "A change at the ticket desk",
            (DESK if desk == "zendesk" else SIGNED,),
            {202: TAKEN},
            {401: UNSIGNED, **BODY, 503: AWAY},
            takes="TicketChange",
            examples={"request": {"external_id": "D-1001:1:late:1", "status": status, "by": "Kim"}},
        )
        for desk, status in {"zendesk": "solved", "rt": "resolved", "webhook": "solved"}.items()
    },
}
"""Method and path -> what there is to know. Updates are not here: each of their names is a path of its own."""
