"""Twilio's Messages resource as its OpenAPI describes it, on this machine: keeps what was sent in a JSON-lines file and a list.

python -m cli.standins.twilio_standin --port 8026 --folder caught-sms --account-sid AC... --auth-token ...
"""

import asyncio
import json
import secrets
from base64 import b64decode
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

import typer
from aiohttp import ClientSession
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from cli.standins.twilio_resource import VERSION, TextMessage, matches, page_of, refusal, resource, variables_of, wrong_field
from cli.standins.web import HERE, Shown, page, serving, until_interrupted
from workflows.clock import wall_clock

ACCOUNT = "AC" + "0" * 32
TOKEN = "stand-in"


@dataclass(frozen=True, slots=True)
class Trouble:
    """An answer to give instead of the right one. `taken`: the message is sent all the same, as when a gateway times out."""

    status: int
    code: int
    retry_after_s: int | None = None
    taken: bool = False


@dataclass(slots=True)
class TwilioStandin:
    """What was sent, and the troubles that the next requests to send meet, one each."""

    folder: Path
    account_sid: str = ACCOUNT
    auth_token: str = TOKEN
    port: int = 0
    messages: list[TextMessage] = field(default_factory=list)
    troubles: deque[Trouble] = field(default_factory=deque)
    requests: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{HERE}:{self.port}"

    @property
    def file(self) -> Path:
        return self.folder / "sms.jsonl"

    def keep(self, form: Mapping[str, str]) -> TextMessage:
        sender, service = form.get("From", ""), form.get("MessagingServiceSid")
        # Twilio fills its own text in; here what fills the gaps stands for it.
        body = form.get("Body") or " | ".join((variables_of(form) or {}).values())
        sid, now = "SM" + secrets.token_hex(16), wall_clock()
        message = TextMessage(sid, now, form["To"], sender, body, service, form.get("StatusCallback"), form.get("ContentSid"))
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(message), ensure_ascii=False) + "\n")
        self.messages.append(message)
        return message

    async def report(self, message: TextMessage, status: str, error_code: int | None = None) -> int:
        """Tells where it was asked to what became of a message, signed as Twilio does; gives the status of the answer."""
        form = {
            "MessageSid": message.sid,
            "MessageStatus": status,
            "AccountSid": self.account_sid,
            "ApiVersion": VERSION,
            "To": message.to,
            "From": message.sender,
            **({"ErrorCode": str(error_code)} if error_code else {}),
        }
        url = message.callback or ""
        signature = RequestValidator(self.auth_token).compute_signature(url, form)
        async with ClientSession() as session, session.post(url, data=form, headers={"X-Twilio-Signature": signature}) as answer:
            return answer.status

    def knows(self, authorization: str | None, account: str) -> bool:
        """Whether the Basic credentials are right and for the account in the path."""
        scheme, _, given = (authorization or "").partition(" ")
        right = f"{self.account_sid}:{self.auth_token}".encode()
        try:
            return scheme == "Basic" and secrets.compare_digest(b64decode(given), right) and account == self.account_sid
        except ValueError:
            return False

    def app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)
        app.add_api_route("/", self._page, methods=["GET"], response_class=HTMLResponse)
        app.add_api_route(f"/{VERSION}/Accounts/{{account}}/Messages.json", self._create, methods=["POST"], response_model=None)
        app.add_api_route(f"/{VERSION}/Accounts/{{account}}/Messages.json", self._list, methods=["GET"], response_model=None)
        app.add_api_route(
            f"/{VERSION}/Accounts/{{account}}/Messages/{{sid}}.json", self._fetch, methods=["GET"], response_model=None
        )
        return app

    async def _page(self) -> HTMLResponse:
        return HTMLResponse(page("SMS sent", [Shown(sms.at, sms.to, "SMS", sms.body) for sms in self.messages]))

    async def _create(self, account: str, request: Request) -> Response:
        if not self.knows(request.headers.get("Authorization"), account):
            return refusal(401, 20003)
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        self.requests.append(form)
        trouble = self.troubles.popleft() if self.troubles else None
        wrong = wrong_field(form)
        if wrong and trouble is None:
            return refusal(400, wrong)
        if trouble is None or trouble.taken:
            message = self.keep(form)
        if trouble is not None:
            return refusal(trouble.status, trouble.code, trouble.retry_after_s)
        return JSONResponse(resource(message, account), 201)

    async def _list(self, account: str, request: Request) -> Response:
        if not self.knows(request.headers.get("Authorization"), account):
            return refusal(401, 20003)
        asked = dict(request.query_params)
        found = [message for message in reversed(self.messages) if matches(message, asked)]
        return JSONResponse(page_of(found, account, asked))

    async def _fetch(self, account: str, sid: str, request: Request) -> Response:
        if not self.knows(request.headers.get("Authorization"), account):
            return refusal(401, 20003)
        found = next((message for message in self.messages if message.sid == sid), None)
        return JSONResponse(resource(found, account)) if found else refusal(404, 20404)


@asynccontextmanager
async def standing_in(
    folder: Path, *, port: int = 0, account_sid: str = ACCOUNT, auth_token: str = TOKEN
) -> AsyncIterator[TwilioStandin]:
    """Stands in on 127.0.0.1 while the block runs; port 0 takes a free one. What was sent before is in the list from the start."""
    standin = TwilioStandin(folder, account_sid, auth_token)
    standin.messages = sent_in(standin.file)
    async with serving(standin.app(), port) as taken:
        standin.port = taken
        yield standin


def sent_in(file: Path) -> list[TextMessage]:
    """The messages in a JSON-lines file, in the order in which they were sent. Makes its folder if it is missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    return [TextMessage(**json.loads(line)) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def main(port: int = 8026, folder: Path = Path("caught-sms"), account_sid: str = ACCOUNT, auth_token: str = TOKEN) -> None:
    """Stands in for Twilio until Ctrl-C."""

    async def run() -> None:
        async with standing_in(folder, port=port, account_sid=account_sid, auth_token=auth_token) as standin:
            print(f"Twilio: {standin.url}  page: {standin.url}/  file: {standin.file}", flush=True)
            await asyncio.Event().wait()

    until_interrupted(run)


if __name__ == "__main__":
    typer.run(main)
