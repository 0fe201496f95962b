"""sources check."""

import asyncio
import sys
from pathlib import Path

import click

from gateway.app import open_rooms
from gateway.commands.common import check_sources, config_option, plain_errors
from gateway.errors import UNLISTED, SourceError
from gateway.numbers.blocks import Block
from gateway.numbers.filters import EVERYTHING
from gateway.settings import Settings, load
from gateway.upstream.clock import SystemClock
from gateway.upstream.errand import Errand
from gateway.upstream.policy import Caller


@click.group()
def sources() -> None:
    """The configured sources."""


@sources.command("check")
@config_option
def sources_check(path: Path | None) -> None:
    """Ask each source once, and say what is wrong and how to mend it; exits with 1 when one does not answer."""
    with plain_errors():
        settings = load(path)
        check_sources(settings)
    told = asyncio.run(_ask_each(settings))
    for line in told.values():
        click.echo(line)
    if not all(line.startswith("ok") for line in told.values()):
        sys.exit(1)


async def _ask_each(settings: Settings) -> dict[str, str]:
    clock = SystemClock()
    async with open_rooms(settings, clock) as rooms:
        lines = await asyncio.gather(*(ask_once(caller, clock) for caller in rooms.callers.values()))
        return dict(zip(rooms.callers, lines, strict=True))


async def ask_once(caller: Caller, clock: SystemClock) -> str:
    """What became of one row of its list: the smallest question that needs address, place and credentials to be right."""
    source = caller.lists
    about = f"{caller.source.name} ({caller.source.title})"
    if source is None:
        return f"ok    {about}: has no list to ask for; it is asked number by number."
    errand = Errand(clock, clock.monotonic() + 2 * source.settings.timeout)
    try:
        listing = await caller.ask(source.ask(Block(0, 1), EVERYTHING), source.read, errand)
    except SourceError as error:
        if error.reason == UNLISTED:
            return f"ok    {about}: has no list; it is asked number by number, and listed once its events tell it."
        return f"FAILS {about}: {error.code}: {error.message}"
    held = "an unknown number of" if listing.total is None else str(listing.total)
    return f"ok    {about}: answers, and holds {held} numbers."
