"""`make screenshots`: plays a scene on a running Doorstep and takes the pictures of README and docs from it."""

import asyncio
import sys
from pathlib import Path

from temporalio.client import Client

from cli.demo.ground import Ground
from cli.views import VIEWS, link
from docs.screenshots.camera import Picture, browser, take
from docs.screenshots.scene import ASKING, HUB, LATE, playing_it
from domain.links import Links
from settings import Settings, read_settings
from workflows.client import connect
from workflows.clock import wall_clock

FOLDER = Path(__file__).parent
LARGEST = 150_000
"""Bytes of one picture."""


async def pictures(on: Ground) -> list[Picture]:
    """What is shown, from the list of workflows to the pages for people."""
    settings = on.site.settings
    client = await connect(on.site.address)
    delivery = await _page(client, settings, f"delivery-{LATE}")
    disruption = await _page(client, settings, f"disruption-hub-{HUB}")
    links = Links(settings.public_url, settings.secret_key)
    late = next(view for view in VIEWS if view.name == "Late now")
    track = links.tracking(LATE, wall_clock()) or ""
    decide = links.deciding(f"{ASKING}:1:failed-attempt:1", "shift-lead", wall_clock(), None) or ""
    return [
        Picture("saved-view", link(late, settings.temporal_ui), ("Late now", f"delivery-{LATE}"), height=600),
        Picture("current-details", f"{delivery}/user-metadata", ("What happens next",), height=800, scroll_to="Current Details"),
        Picture("timeline", f"{delivery}/timeline", ("tells the customer",), height=560, scroll_to="Timeline"),
        Picture("disruption", f"{disruption}/user-metadata", ("What happens next",), height=620, scroll_to="Current Details"),
        Picture("tracking-phone", track, (LATE,), width="phone", height=580),
        Picture("tracking-desktop", track, (LATE,), height=560),
        Picture("decision", decide, ("Approve",), height=460),
    ]


async def _page(client: Client, settings: Settings, workflow_id: str) -> str:
    """The address of a workflow's pages: its tabs are below that of its run."""
    run_id = (await client.get_workflow_handle(workflow_id).describe()).run_id
    return f"{settings.temporal_ui}/namespaces/default/workflows/{workflow_id}/{run_id}"


async def main(settings: Settings) -> int:
    """1 if a picture is too large."""
    sizes: dict[str, int] = {}
    async with playing_it(settings) as on, browser() as opened:
        for picture in await pictures(on):
            file = await take(opened, picture, FOLDER)
            sizes[file.name] = file.stat().st_size
    for name, size in sizes.items():
        sys.stdout.write(f"{name}: {size // 1000} kB\n")
    return 1 if any(size > LARGEST for size in sizes.values()) else 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(read_settings())))
