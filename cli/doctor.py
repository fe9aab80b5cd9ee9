"""`doorstep doctor`: every setting, and whether all that it takes is well; what is not, with what to do about it."""

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import asdict

from cli.finding import Finding, Look
from cli.links import KEPT, as_kept, kept
from cli.looks.addresses import public_url, secrets, temporal_ui
from cli.looks.engine import clock, failing_tasks, temporal, version, worker
from cli.looks.outside import endpoints, mail, receipts, roads, sms, tickets, whatsapp
from cli.looks.stored import actions, books, database_clock, doubts, inbox, space, tables
from settings import SETTINGS, Setting, Settings, SettingsError

LOOKS: Mapping[str, Look] = {
    "temporal": temporal,
    "worker": worker,
    "version": version,
    "tasks": failing_tasks,
    "database": tables,
    "rulebooks": books,
    "inbox": inbox,
    "actions": actions,
    "doubts": doubts,
    "clock": clock,
    "database-clock": database_clock,
    "disk": space,
    "mail": mail,
    "sms": sms,
    "whatsapp": whatsapp,
    "receipts": receipts,
    "tickets": tickets,
    "endpoints": endpoints,
    "roads": roads,
    "links": public_url,
    "secrets": secrets,
    "ui": temporal_ui,
}
"""In the order in which they are told; `--only` takes these names."""


async def examine(settings: Settings, format: str, only: Collection[str] = ()) -> int:
    """Prints settings and findings; 1 if something is not well. `only`: names of LOOKS. Raises SettingsError for another name.

    Settings that `doorstep up` made up for itself count where none are given: this is another shell than its own."""
    if unknown := sorted(set(only) - set(LOOKS)):
        raise SettingsError(f"--only {unknown[0]}: there is no such thing to look at; there are {', '.join(LOOKS)}")
    settings = as_kept(settings)
    findings = [await found(name, settings) for name in LOOKS if not only or name in only]
    if format == "json":
        print(json.dumps({"settings": settings.shown(), "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        _show(settings, findings, with_settings=not only)
    return 0 if all(finding.well for finding in findings) else 1


async def found(name: str, settings: Settings) -> Finding:
    """What one look finds; an error that it meets is what it finds."""
    try:
        return await LOOKS[name](settings)
    except SettingsError as error:
        return Finding(name, False, str(error), "correct the setting")
    except Exception as error:  # whatever it is, it is the finding
        return Finding(name, False, str(error).splitlines()[0] if str(error) else type(error).__name__)


def _show(settings: Settings, findings: list[Finding], *, with_settings: bool) -> None:
    if with_settings:
        _show_settings(settings)
    for finding in findings:
        print(f"{'ok  ' if finding.well else 'BAD '} {finding.what}: {finding.said}")
        if not finding.well and finding.mend:
            print(f"     {finding.mend}")


def _show_settings(settings: Settings) -> None:
    shown = settings.shown()
    for row in SETTINGS:
        print(f"{row.name}={shown[row.name]}{_source(row, settings)}\n    {row.help}; default: {row.default or 'none'}")
    print(
        f"TEMPORAL_ADDRESS={os.environ.get('TEMPORAL_ADDRESS', '')}\n    the Temporal server (the SDK's own settings); default: {settings.temporal_default}\n"
    )


def _source(row: Setting, settings: Settings) -> str:
    if settings[row.name] == row.default:
        return ""
    if row.name in KEPT and settings[row.name] == kept(settings.home, row.name):
        return f"  (made up by doorstep up, in {settings.home / KEPT[row.name]})"
    return "  (set)"
