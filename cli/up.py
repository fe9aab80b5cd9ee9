"""`doorstep up`: everything on this machine until Ctrl-C."""

import asyncio
import signal

from rich.console import Console

from cli.channels import not_set_up
from cli.site import Site
from settings import Settings


async def up(settings: Settings) -> int:
    """Starts everything, says where it is, and waits."""
    console = Console()
    told = told_to_end()
    console.print(f"Starting Doorstep in {settings.home} ...")
    async with Site(settings, lambda news: console.print(f"[yellow]{news}[/yellow]")) as site:
        console.print(addresses(site), soft_wrap=True)
        for channel, said in not_set_up(settings).items():
            console.print(f"[yellow]{channel}: {said}[/yellow]", soft_wrap=True)
        console.print("Ctrl-C stops it. Everything goes on where it was at the next start.")
        await told.wait()
        console.print("Stopping ...")
    console.print("Stopped.")
    return 0


def told_to_end() -> asyncio.Event:
    """Set by Ctrl-C or SIGTERM."""
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    return told


def addresses(site: Site) -> str:
    """Where everything is."""
    settings = site.settings
    return "\n".join(
        (
            f"  Status page   http://127.0.0.1:{settings.port}",
            f"  Temporal UI   http://127.0.0.1:{settings.ui_port}/namespaces/default/workflows",
            f"  Order systems {site.address} (gRPC) or http://127.0.0.1:{settings.temporal_http_port}/api/v1 (Temporal's HTTP API);",
            "                namespace default, task queue deliveries, type Delivery, id delivery-<delivery_id>: docs/oms.md",
            f"  Rulebooks     {settings.rules}",
            f"  Data and logs {settings.home}",
            "  Try           doorstep delivery example > order.json; doorstep delivery start order.json",
        )
    )
