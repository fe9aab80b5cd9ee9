"""Takes the pictures: system Chromium, without a window. PNGs of few colours, so that each stays small."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

WIDTHS = {"desktop": (1280, 800), "phone": (390, 844)}
"""Pixels."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its name, the address, what has to be on the page before it is taken; `scroll_to` is a heading that is brought
    to the top."""

    name: str
    address: str
    shows: tuple[str, ...]
    width: str = "desktop"
    height: int | None = None
    scroll_to: str | None = None


def chromium() -> str | None:
    """The path of the system's Chromium; None if there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Raises FileNotFoundError where there is no Chromium."""
    program = chromium()
    if program is None:
        raise FileNotFoundError("no Chromium; on Debian: apt-get install chromium")
    async with async_playwright() as playing:
        opened = await playing.chromium.launch(executable_path=program, args=["--no-sandbox", "--force-color-profile=srgb"])
        try:
            yield opened
        finally:
            await opened.close()


async def take(opened: Browser, picture: Picture, folder: Path) -> Path:
    """Writes the picture; raises playwright's TimeoutError if the page does not show what it should."""
    width, height = WIDTHS[picture.width]
    size = {"width": width, "height": picture.height or height}
    context = await opened.new_context(viewport=size, locale="en-GB", timezone_id="Europe/Helsinki")  # type: ignore[arg-type]
    try:
        page = await context.new_page()
        await page.goto(picture.address, wait_until="load")
        await shown(page, *picture.shows)
        if picture.scroll_to:
            await (
                page.get_by_role("heading", name=picture.scroll_to)
                .or_(page.get_by_text(picture.scroll_to, exact=True))
                .last.evaluate("one => one.scrollIntoView({block: 'start'})")
            )
        await page.wait_for_timeout(600)  # until nothing slides in any more
        await page.screenshot(path=(file := folder / f"{picture.name}.png"), animations="disabled")
        return file
    finally:
        await context.close()


async def shown(page: Page, *texts: str, within_ms: int = 20_000) -> None:
    """Waits until texts can be read anywhere on the page, in a frame too."""
    for text in texts:
        await page.wait_for_function(SHOWS, arg=text, timeout=within_ms)


SHOWS = """text => [document, ...[...document.querySelectorAll('iframe')].map(one => one.contentDocument)]
    .some(one => one && one.body && one.body.innerText.includes(text))"""
