"""Settings: one frozen object, read once at start from the environment and doorstep.toml. Nothing else reads os.environ.

The Temporal connection has the SDK's own names (TEMPORAL_ADDRESS, ...), see docs/operations.md.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


class SettingsError(ValueError):
    """A setting that cannot be used: which, what it is, what is allowed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of SETTINGS."""

    name: str
    default: str
    help: str
    secret: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting("DOORSTEP_HOME", ".doorstep", "folder for what `doorstep up` keeps: Temporal's and our own database, caches"),
    Setting("DOORSTEP_TEMPORAL_PORT", "7233", "port of the embedded Temporal server; its UI is 1000 above"),
    Setting("DOORSTEP_TEMPORAL_HTTP_PORT", "", "port of the embedded server's HTTP API; empty: 10 above DOORSTEP_TEMPORAL_PORT"),
    Setting("DOORSTEP_PORT", "8080", "port of the gateway"),
    Setting("DOORSTEP_HOST", "127.0.0.1", "address that the gateway listens on"),
    Setting("DOORSTEP_WORKER_PORT", "", "port at which the worker says how it is: /healthz, /readyz; empty: none"),
    Setting("DOORSTEP_TEMPORAL_UI", "", "address of the Temporal UI, for links; empty: that of the embedded server"),
    Setting("DOORSTEP_DATABASE_URL", "", "sqlite:///path or postgresql://user@host/name; empty: SQLite in DOORSTEP_HOME", secret=True),
    Setting("DOORSTEP_RULES", "", "folder of rulebooks, directory.yaml and templates; empty: the shipped one"),
    Setting("DOORSTEP_MATCHER", "durable", "durable (durable_rules) or reference (pure Python)"),
    Setting("DOORSTEP_SMTP_URL", "", "smtp://user:password@host:587?starttls=required, or smtps://; empty: no mail is sent", secret=True),
    Setting("DOORSTEP_MAIL_FROM", "Doorstep <doorstep@localhost>", "sender of mails"),
    Setting("DOORSTEP_MAIL_BOUNCES_TO", "", "where mails come back to, such as bounces@example.test: each to bounces+ID@example.test; empty: to the sender"),
    Setting("TWILIO_ACCOUNT_SID", "", "Twilio account; empty: no SMS is sent"),
    Setting("TWILIO_AUTH_TOKEN", "", "Twilio's token", secret=True),
    Setting("DOORSTEP_TWILIO_BASE_URL", "https://api.twilio.com", "where Twilio's API is"),
    Setting("DOORSTEP_TWILIO_FROM", "", "sender of SMS: a number such as +15005550006"),
    Setting("DOORSTEP_TWILIO_WHATSAPP_FROM", "", "sender of WhatsApp messages: a number such as +14155238886; empty: none are sent"),
    Setting("DOORSTEP_TICKETS", "builtin", "the desk that keeps tickets: builtin, zendesk, rt (Request Tracker) or webhook"),
    Setting("DOORSTEP_TICKETS_URL", "", "where DOORSTEP_TICKETS=webhook takes its calls"),
    Setting("DOORSTEP_TICKETS_SECRET", "", "signs calls to a webhook desk, and those that a desk makes to the gateway", secret=True),
    Setting("DOORSTEP_ZENDESK_URL", "", "the account, such as https://example.zendesk.com"),
    Setting("DOORSTEP_ZENDESK_EMAIL", "", "the agent as whom Doorstep writes"),
    Setting("DOORSTEP_ZENDESK_TOKEN", "", "that agent's API token", secret=True),
    Setting("DOORSTEP_ZENDESK_GROUPS", "", "queues as groups, by id: hub-ops=360001,duty-manager=360002; others are tags only"),
    Setting("DOORSTEP_RT_URL", "", "Request Tracker's address, without /REST/2.0"),
    Setting("DOORSTEP_RT_TOKEN", "", "an authentication token of Doorstep's user in Request Tracker", secret=True),
    Setting("DOORSTEP_RT_USER", "doorstep", "the name of that user: its own changes are no news"),
    Setting("DOORSTEP_RT_FIELD", "DoorstepIncident", "the custom field of tickets that names the incident"),
    Setting("DOORSTEP_PUBLIC_URL", "", "where people reach the gateway, for links: https://track.example.test; empty: no links are sent"),
    Setting("DOORSTEP_SECRET_KEY", "", "signs links, at least 16 characters; empty: no links are sent", secret=True),
    Setting("DOORSTEP_LINK_DAYS", "14", "how many days after its end a delivery's tracking page can still be seen"),
    Setting("DOORSTEP_KEEP_DAYS", "", "how many days after its end a delivery's rows are kept (`doorstep purge`); empty: for ever"),
    Setting("DOORSTEP_KEEP_PERSONAL_DAYS", "", "how many days after its end a delivery still names people (`doorstep purge`); empty: as long as its rows"),
    Setting("DOORSTEP_API_KEYS", "", "bearer keys of programs that use the HTTP API, with commas between; empty: none may", secret=True),
    Setting("DOORSTEP_CODEC_KEYS", "", "ID:KEY,ID:KEY with 32 bytes of base64 each; the first seals what goes to Temporal, all open it; empty: it is not sealed", secret=True),
    Setting("DOORSTEP_CODEC_PLAIN_UNTIL", "", "with codec keys: until when what order systems send unsealed is taken, such as 2026-12-01T00:00:00Z; empty: always"),
    Setting("DOORSTEP_CODEC_TOKEN", "", "with codec keys: lets the Temporal UI and CLI read through the gateway, at least 16 characters; empty: they may not", secret=True),
    Setting("DOORSTEP_REQUESTS_A_SECOND", "500", "what one program may ask of the gateway, ten seconds' worth at once; who asks more is told to wait; 0: no limit"),
    Setting("DOORSTEP_ETA_MOVED_MINUTES", "5", "a new plan tells a delivery that did not ask for it if its ETA moves by more than this"),
    Setting("DOORSTEP_ROUTING_URL", "", "a Valhalla server for travel times by road; empty: the built-in estimate"),
    Setting("DOORSTEP_ROUTING_CLOSURES", "", "a GeoJSON file of closed roads (Point, Polygon) for that server; read again when it changes"),
    Setting("DOORSTEP_METRICS_BIND", "", "address on which a worker shows metrics to Prometheus, such as 127.0.0.1:9464; empty: none"),
    Setting("DOORSTEP_LOG", "text", "how worker and gateway log: text, or json, one object a line"),
    Setting("DOORSTEP_LOG_LEVEL", "info", "what they log at least: debug, info, warning or error"),
    Setting("OTEL_EXPORTER_OTLP_ENDPOINT", "", "where worker and gateway send traces (OTLP over HTTP): http://collector:4318; empty: nowhere"),
    Setting("DOORSTEP_SPEED_KMH", "25", "average speed of a van, for the built-in estimate of travel times"),
    Setting("DOORSTEP_DEPLOYMENT", "", "the worker deployment whose versions Temporal tells apart; empty: it tells none apart"),
    Setting("DOORSTEP_BUILD_ID", "", "which version of the deployment this worker is, such as the commit it was built from"),
    Setting("DOORSTEP_HELD_PATCHES", "", "changes of workflow code, with commas between, that do not count yet: some worker lacks them"),
)  # fmt: skip

SHIPPED_RULES = Path(__file__).parent / "rules" / "books"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting's value by name, checked where it is more than a text."""

    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    @property
    def home(self) -> Path:
        return Path(self["DOORSTEP_HOME"]).expanduser().absolute()

    @property
    def temporal_port(self) -> int:
        return _port(self, "DOORSTEP_TEMPORAL_PORT", highest=64_535)

    @property
    def temporal_default(self) -> str:
        """The embedded server: what commands speak to unless the SDK's own settings name another."""
        return f"127.0.0.1:{self.temporal_port}"

    @property
    def ui_port(self) -> int:
        return self.temporal_port + 1000

    @property
    def temporal_ui(self) -> str:
        """The address of the Temporal UI, without a slash at its end."""
        return self["DOORSTEP_TEMPORAL_UI"].rstrip("/") or f"http://127.0.0.1:{self.ui_port}"

    @property
    def temporal_http_port(self) -> int:
        """Of Temporal's HTTP API; the embedded server's is 7243, as in Temporal's own images."""
        if not self["DOORSTEP_TEMPORAL_HTTP_PORT"]:
            return self.temporal_port + 10
        return _port(self, "DOORSTEP_TEMPORAL_HTTP_PORT", highest=65_535)

    @property
    def port(self) -> int:
        return _port(self, "DOORSTEP_PORT", highest=65_535)

    @property
    def keep_days(self) -> int | None:
        return _days(self, "DOORSTEP_KEEP_DAYS")

    @property
    def keep_personal_days(self) -> int | None:
        return _days(self, "DOORSTEP_KEEP_PERSONAL_DAYS")

    @property
    def worker_port(self) -> int | None:
        return _port(self, "DOORSTEP_WORKER_PORT", highest=65_535) if self["DOORSTEP_WORKER_PORT"] else None

    @property
    def secret_key(self) -> str:
        """What links are signed with; empty if none are."""
        if 0 < len(self["DOORSTEP_SECRET_KEY"]) < 16:
            raise SettingsError(
                "DOORSTEP_SECRET_KEY is too short; give at least 16 characters, for example from: openssl rand -hex 24"
            )
        return self["DOORSTEP_SECRET_KEY"]

    @property
    def plain_until(self) -> datetime | None:
        """With an offset; None: for ever."""
        text = self["DOORSTEP_CODEC_PLAIN_UNTIL"]
        try:
            until = datetime.fromisoformat(text) if text else None
        except ValueError:
            until = datetime.min  # noqa: DTZ901 - as wrong as one without an offset
        if until is not None and until.tzinfo is None:
            raise SettingsError(
                f"DOORSTEP_CODEC_PLAIN_UNTIL is {text!r}; give date and time with their offset, for example 2026-12-01T00:00:00Z"
            )
        return until

    @property
    def bounces_to(self) -> str:
        """A bare mail address; empty if mails come back to their sender."""
        address = self["DOORSTEP_MAIL_BOUNCES_TO"]
        if address and not re.fullmatch(r"[^\s<>\"@,+]+@[^\s<>\"@,]+", address):
            raise SettingsError(
                f"DOORSTEP_MAIL_BOUNCES_TO is {address!r}; give a bare address without a +, for example bounces@example.test"
            )
        return address

    @property
    def public_url(self) -> str:
        """Without a slash at its end."""
        url = self["DOORSTEP_PUBLIC_URL"].rstrip("/")
        if url and not url.startswith(("https://", "http://")):
            raise SettingsError(
                f"DOORSTEP_PUBLIC_URL is {url!r}; give an address with https://, for example https://track.example.test"
            )
        return url

    @property
    def link_days(self) -> int:
        text = self["DOORSTEP_LINK_DAYS"]
        if not text.isdigit() or not 1 <= int(text) <= 365:
            raise SettingsError(f"DOORSTEP_LINK_DAYS is {text!r}; give whole days, from 1 to 365")
        return int(text)

    @property
    def requests_a_second(self) -> int:
        """Of one client; 0: no limit."""
        text = self["DOORSTEP_REQUESTS_A_SECOND"]
        if not text.isdigit():
            raise SettingsError(
                f"DOORSTEP_REQUESTS_A_SECOND is {text!r}; give whole requests, for example 500, or 0 for no limit"
            )
        return int(text)

    @property
    def speed_m_per_hour(self) -> int:
        text = self["DOORSTEP_SPEED_KMH"]
        if not text.isdigit() or int(text) < 1:
            raise SettingsError(f"DOORSTEP_SPEED_KMH is {text!r}; give whole kilometres an hour, for example 25")
        return int(text) * 1000

    @property
    def tells_eta_from(self) -> int:
        """By how much an ETA has to move, in milliseconds, to be told to a delivery that did not ask for a plan."""
        text = self["DOORSTEP_ETA_MOVED_MINUTES"]
        if not text.isdigit():
            raise SettingsError(f"DOORSTEP_ETA_MOVED_MINUTES is {text!r}; give whole minutes, for example 5")
        return int(text) * 60_000

    @property
    def worker_version(self) -> tuple[str, str] | None:
        """Deployment and build id; None if Temporal tells no versions of workers apart."""
        name, build = self["DOORSTEP_DEPLOYMENT"], self["DOORSTEP_BUILD_ID"]
        if name and not build:
            raise SettingsError(
                "DOORSTEP_DEPLOYMENT is set, DOORSTEP_BUILD_ID is not; give both, for example the commit it was built from"
            )
        return (name, build) if name else None

    @property
    def held_patches(self) -> frozenset[str]:
        return frozenset(name.strip() for name in self["DOORSTEP_HELD_PATCHES"].split(",") if name.strip())

    @property
    def database_url(self) -> str:
        return self["DOORSTEP_DATABASE_URL"] or f"sqlite:///{self.home / 'doorstep.db'}"

    @property
    def rules(self) -> Path:
        return Path(self["DOORSTEP_RULES"]).expanduser().absolute() if self["DOORSTEP_RULES"] else SHIPPED_RULES

    @property
    def matcher(self) -> str:
        if self["DOORSTEP_MATCHER"] not in ("durable", "reference"):
            raise SettingsError(f"DOORSTEP_MATCHER is {self['DOORSTEP_MATCHER']!r}; allowed are durable and reference")
        return self["DOORSTEP_MATCHER"]

    @property
    def metrics_bind(self) -> str:
        """`host:port`; empty if no metrics are shown."""
        bind = self["DOORSTEP_METRICS_BIND"]
        host, _, port = bind.rpartition(":")
        if bind and not (host and port.isdigit() and 1 <= int(port) <= 65_535):
            raise SettingsError(f"DOORSTEP_METRICS_BIND is {bind!r}; give address:port, for example 127.0.0.1:9464")
        return bind

    @property
    def logs_json(self) -> bool:
        return self._one_of("DOORSTEP_LOG", ("text", "json")) == "json"

    @property
    def log_level(self) -> str:
        """As the standard library calls it: INFO."""
        return self._one_of("DOORSTEP_LOG_LEVEL", ("debug", "info", "warning", "error")).upper()

    @property
    def traces_to(self) -> str:
        """Without a slash at its end; empty if nothing is traced."""
        url = self["OTEL_EXPORTER_OTLP_ENDPOINT"].rstrip("/")
        if url and not url.startswith(("https://", "http://")):
            raise SettingsError(f"OTEL_EXPORTER_OTLP_ENDPOINT is {url!r}; give an address, for example http://127.0.0.1:4318")
        return url

    def _one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        if self[name] not in allowed:
            raise SettingsError(f"{name} is {self[name]!r}; allowed are {', '.join(allowed)}")
        return self[name]

    def shown(self) -> dict[str, str]:
        """Every setting as it may be shown: secrets are masked."""
        return {row.name: "***" if row.secret and self[row.name] else self[row.name] for row in SETTINGS}

    def but(self, **changed: str | int | Path) -> "Settings":
        """The same settings with some changed."""
        return Settings({**self.values, **{name: str(value) for name, value in changed.items()}})


def read_settings(environment: Mapping[str, str] | None = None, file: Path = Path("doorstep.toml")) -> Settings:
    """Defaults, then doorstep.toml, then the environment. Raises SettingsError for a file with unknown names or values."""
    told = dict(os.environ if environment is None else environment)
    in_file = _read_file(file)
    return Settings({row.name: _told(row, told) or in_file.get(row.name) or row.default for row in SETTINGS})


def _told(row: Setting, environment: Mapping[str, str]) -> str | None:
    """What the environment says; of a secret also by NAME_FILE, which names the file that holds it. Raises SettingsError."""
    file = environment.get(f"{row.name}_FILE") if row.secret else None
    if environment.get(row.name) or not file:
        return environment.get(row.name)
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{row.name}_FILE is {file!r}, which cannot be read: {type(error).__name__}") from None


def secret_named(name: str, environment: Mapping[str, str] | None = None) -> str | None:
    """A secret that directory.yaml names: the environment variable of that name, or what the file holds that NAME_FILE names."""
    told = os.environ if environment is None else environment
    if told.get(name):
        return told[name]
    file = told.get(f"{name}_FILE")
    try:
        return Path(file).read_text("utf-8").strip() or None if file else None
    except (OSError, UnicodeDecodeError):
        return None


def _read_file(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not TOML: {error}") from None
    known = {row.name for row in SETTINGS}
    unknown = sorted(set(table) - known)
    if unknown:
        raise SettingsError(f"{file}: unknown setting {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    return {name: str(value) for name, value in table.items()}


def _days(settings: Settings, name: str) -> int | None:
    text = settings[name]
    if text and not (text.isdigit() and 1 <= int(text) <= 36_500):
        raise SettingsError(f"{name} is {text!r}; give whole days, from 1 to 36500")
    return int(text) if text else None


def _port(settings: Settings, name: str, highest: int) -> int:
    text = settings[name]
    if not text.isdigit() or not 1 <= int(text) <= highest:
        raise SettingsError(f"{name} is {text!r}; give a port between 1 and {highest}")
    return int(text)
