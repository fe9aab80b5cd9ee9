"""A whole site is copied while it works, killed, lost, and restored from the copy."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from cli import backup
from cli.connection import deliveries_of
from cli.standins.mail_catcher import MailCatcher, catching
from cli.standins.twilio_standin import TwilioStandin, standing_in
from cli.supervisor import port_in_use
from domain.instant import SECOND, iso
from settings import Settings, read_settings
from store.database import Database
from store.deliveries import Deliveries as Copies
from store.inbox import Inbox
from store.sqlite import copy_while_used
from store.tickets import Desk
from tests.ports import free_port, settings_of_its_own
from tests.workflows.stage import a_status, an_order
from workflows.client import Deliveries
from workflows.clock import wall_clock

pytestmark = [pytest.mark.temporal, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
KEY = "a-key-of-the-order-system"
BOOK = """\
rulebook: standard
owner: ops@example.test
rules:
  - id: out
    says: It is out for delivery
    when: status is out_for_delivery
    do:
      - notify: {who: customer, template: running-late, channels: [email, sms]}
      - open_ticket: {queue: hub-ops}
  - id: overdue
    says: The promise has passed
    when: after promised end
    do:
      - notify: {who: customer, template: running-late, channels: [email, sms]}
      - open_ticket: {queue: hub-ops}
  - id: not-reached
    says: A message did not arrive
    when: undelivered received
    do:
      - notify: {who: customer, template: running-late, channels: [email]}
      - open_ticket: {queue: hub-ops}
"""
ACTING, TOLD, DUE, LATER = (tuple(f"{group}-{number}" for number in range(3)) for group in ("acting", "told", "due", "later"))
STRAIGHT, BY_HTTP = "straight", "by-http"
"""Begun between the two copies: by the SDK, and through the gateway."""

RULES = {
    **dict.fromkeys((*ACTING, *LATER), "out"),
    **dict.fromkeys((*TOLD, STRAIGHT, BY_HTTP), "not-reached"),
    **dict.fromkeys(DUE, "overdue"),
}
"""What each delivery is told by, once, in the end."""

BEFORE = (*ACTING, *TOLD, STRAIGHT, BY_HTTP)
"""Whom the killed site told."""


async def test_a_restored_site_goes_on_where_the_copies_were_and_does_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, kept, loop = tmp_path / "home", tmp_path / "kept", asyncio.get_running_loop()
    _write_rules(tmp_path / "rules")
    async with catching(tmp_path / "mails") as mail, standing_in(tmp_path / "sms") as twilio:
        settings = _settings(home, tmp_path / "rules", mail, twilio)
        began = time.monotonic()
        async with _up(settings, tmp_path) as (site, deliveries):
            # As long as the start took, and more: on a slow machine the rest takes longer too.
            due_at = wall_clock() + round((time.monotonic() - began) * SECOND) + 8 * SECOND
            for one in (*ACTING, *TOLD, *DUE, *LATER):
                await deliveries.start(_order(one, due_at if one in DUE else None))
            for one in ACTING:
                await deliveries.report(one, [a_status("out_for_delivery")])

            def copy(source: Path, to: Path) -> None:
                if source.name == "doorstep.db":
                    asyncio.run_coroutine_threadsafe(_between(settings, deliveries), loop).result()
                copy_while_used(source, to)

            monkeypatch.setattr(backup, "copy_while_used", copy)
            assert await asyncio.to_thread(backup.back_up, settings, kept) == 0
            site.kill()
        shutil.rmtree(home)
        killed_in_time = wall_clock() < due_at

        restored = settings.but(**_ports())
        said = _doorstep(restored, "restore", str(kept))
        async with _up(restored, tmp_path) as (_, deliveries):
            for one in LATER:
                await deliveries.report(one, [a_status("out_for_delivery")])
            await _all_told(restored, set(RULES))
            snapshots = {one: await _open(deliveries, one, rule) for one, rule in RULES.items()}
            tickets = Counter(ticket.external_id for ticket in await _tickets(restored))
        modes = {file.name: file.stat().st_mode & 0o777 for file in (kept, *kept.iterdir())}

    assert killed_in_time
    assert f"begin again by themselves: {BY_HTTP}, {STRAIGHT}" in said
    assert {snapshot["generation"] for snapshot in snapshots.values()} == {1}
    assert Counter(one.effect for one in mail.mails) == {f"{one}/1/{rule}/1/do.0/0/email": 1 for one, rule in RULES.items()}
    assert Counter(sms.to for sms in twilio.messages) == {_phone(one): 1 for one in RULES if RULES[one] != "not-reached"}
    assert tickets == {f"{one}:1:{rule}:1": 1 for one, rule in RULES.items()}
    assert modes.pop("kept") == 0o700
    assert set(modes.values()) == {0o600}


async def _between(settings: Settings, deliveries: Deliveries) -> None:
    """What happens when Temporal's database is copied and ours is not: all of it is done, and our ledger knows that."""
    await deliveries.start(_order(STRAIGHT))
    async with AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=60) as client:
        answer = await client.post("/v1/deliveries", json=_order(BY_HTTP), headers={"Authorization": f"Bearer {KEY}"})
        assert answer.status_code == 202, answer.text
        for one in (*TOLD, STRAIGHT, BY_HTTP):
            path = f"/v1/twilio/status?effect={one}/1/before/1/do.0/0/sms"
            form = {"MessageSid": f"SM-{one}", "MessageStatus": "undelivered", "To": _phone(one)}
            signature = RequestValidator(settings["TWILIO_AUTH_TOKEN"]).compute_signature(settings.public_url + path, form)
            answer = await client.post(path, data=form, headers={"X-Twilio-Signature": signature})
            assert answer.status_code == 204, answer.text
    await _all_told(settings, set(BEFORE))


async def _all_told(settings: Settings, wanted: set[str]) -> None:
    """Everything that is to be done for these deliveries is done, and nothing waits in the inbox."""
    database = Database(settings.database_url)

    async def told() -> bool:
        effects = [effect for effect in await Copies(database).effects() if effect.action != "update_ticket"]
        done = Counter(effect.delivery_id for effect in effects if effect.outcome is not None)
        number = {one: 2 if RULES[one] == "not-reached" else 3 for one in wanted}
        return all(done[one] == number[one] for one in wanted) and not await Inbox(database).next_of()

    try:
        await _until(told)
    finally:
        await database.close()


async def _open(deliveries: Deliveries, delivery_id: str, rule: str) -> Mapping[str, Any]:
    """The snapshot, once the delivery itself knows of the incident."""
    found: dict[str, Any] = {}

    async def is_open() -> bool:
        found.update(await deliveries.query(delivery_id, "snapshot"))
        return any(incident["rule"] == rule for incident in found["incidents"])

    await _until(is_open)
    return found


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(120):
        while not await holds():  # noqa: ASYNC110 - other processes have no event of ours to set
            await asyncio.sleep(0.1)


async def _tickets(settings: Settings) -> Any:
    database = Database(settings.database_url)
    try:
        return await Desk(database).tickets(limit=1_000)
    finally:
        await database.close()


@asynccontextmanager
async def _up(settings: Settings, folder: Path) -> AsyncIterator[tuple[Process, Deliveries]]:
    """`doorstep up` as a process of its own; afterwards none of its programs is left."""
    ports = (settings.port, settings.temporal_port, int(settings["DOORSTEP_WORKER_PORT"]))
    command = (sys.executable, "-m", "cli", "up")
    with (folder / "up.log").open("ab") as log:
        site = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=_environment(settings), stdout=log, stderr=log)
    try:

        async def is_up() -> bool:
            assert site.returncode is None, (folder / "up.log").read_text()
            return all(port_in_use(port) for port in ports)

        await _until(is_up)
        yield site, await deliveries_of(settings)
    finally:
        if site.returncode is None:
            site.send_signal(signal.SIGTERM)
        await site.wait()

        async def is_gone() -> bool:
            return not any(port_in_use(port) for port in ports)

        await _until(is_gone)


def _doorstep(settings: Settings, *words: str) -> str:
    command = [sys.executable, "-m", "cli", *words]
    ran = subprocess.run(command, cwd=ROOT, env=_environment(settings), capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _environment(settings: Settings) -> dict[str, str]:
    plain = settings_of_its_own(settings.home)
    return {**plain, **{name: value for name, value in settings.values.items() if value}, "PYTHONPATH": str(ROOT)}


def _settings(home: Path, rules: Path, mail: MailCatcher, twilio: TwilioStandin) -> Settings:
    told = {
        "DOORSTEP_HOME": str(home),
        "DOORSTEP_RULES": str(rules),
        "DOORSTEP_API_KEYS": KEY,
        "DOORSTEP_PUBLIC_URL": "https://track.example.test",
        "DOORSTEP_SECRET_KEY": "a-secret-for-links-" + os.urandom(8).hex(),
        "DOORSTEP_SMTP_URL": f"smtp://127.0.0.1:{mail.port}",
        "TWILIO_ACCOUNT_SID": twilio.account_sid,
        "TWILIO_AUTH_TOKEN": twilio.auth_token,
        "DOORSTEP_TWILIO_BASE_URL": twilio.url,
        "DOORSTEP_TWILIO_FROM": "+15005550006",
    }
    return read_settings(told, home / "none.toml").but(**_ports())


def _ports() -> dict[str, int]:
    alone = {name: free_port() for name in ("DOORSTEP_TEMPORAL_HTTP_PORT", "DOORSTEP_PORT", "DOORSTEP_WORKER_PORT")}
    return {"DOORSTEP_TEMPORAL_PORT": free_port(also=1000), **alone}


def _write_rules(folder: Path) -> None:
    folder.mkdir()
    (folder / "standard.yaml").write_text(BOOK)
    (folder / "directory.yaml").write_text("queues: [hub-ops]\n")


def _order(delivery_id: str, due_at: int | None = None) -> dict[str, Any]:
    customer = {
        "name": "Aino",
        "email": f"{delivery_id}@example.test",
        "phone": _phone(delivery_id),
        "channels": ["email", "sms"],
    }
    promised = {} if due_at is None else {"promised": {"end": iso(due_at)}}
    return an_order(delivery_id=delivery_id, customer=customer, **promised)


def _phone(delivery_id: str) -> str:
    return f"+35840{2_000_000 + list(RULES).index(delivery_id)}"
