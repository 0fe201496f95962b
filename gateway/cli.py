"""The command line: serve · demo · sandbox · schema print|check · config check · sources check."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from gateway import __version__
from gateway.app import create_app, open_rooms
from gateway.errors import UNLISTED, SettingsInvalid, SourceError
from gateway.numbers.blocks import Block
from gateway.numbers.filters import EVERYTHING
from gateway.sandbox.accounts import sources as sandbox_sources
from gateway.sandbox.app import create_sandbox
from gateway.schema.changes import changes
from gateway.schema.graph import make_schema, sdl
from gateway.serving import bind, run, running, url_of
from gateway.settings import Settings, check_exposure, load, load_only, shown
from gateway.upstream.clock import SystemClock
from gateway.upstream.errand import Errand
from gateway.upstream.policy import Caller

config_option = click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    help="The TOML file; without one, the environment and defaults.",
)
host_option = click.option("--host", help="The address to listen on.  [default: 127.0.0.1]")
port_option = click.option(
    "--port", type=click.IntRange(0, 65535), help="The port; 0 takes any free one.  [default: 8000]"
)

PASTE = """\
{
  phoneNumbers(filter: {e164: {in: ["+12056350001", "+441245123456", "+65123456789", "+74993720692"]}}) {
    nodes {
      e164 provider availability lifecycle
      details {
        __typename
        ... on WebexDetails { isServiceNumber }
        ... on CloudLXDetails { rangeName }
        ... on EightByEightDetails { referenceId }
        ... on CallGearDetails { category }
      }
    }
    complete
  }
}"""
"""One number of every provider; the console's first example and the README ask the same."""


@contextmanager
def plain_errors() -> Iterator[None]:
    """Settings that cannot be used end the process with 2 and a sentence, not with a traceback."""
    try:
        yield
    except SettingsInvalid as error:
        click.echo(f"gateway: {error}", err=True)
        sys.exit(2)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gateway")
def main() -> None:
    """One GraphQL graph over the telephone numbers of several providers."""


@main.command()
@config_option
@host_option
@port_option
@click.option("--insecure", is_flag=True, default=None, help="Serve strangers although no client is configured.")
def serve(path: Path | None, host: str | None, port: int | None, insecure: bool | None) -> None:
    """Serve the configured sources."""
    with plain_errors():
        settings = load(path, server={"host": host, "port": port, "insecure": insecure})
        _check_sources(settings)
        check_exposure(settings)
        app = create_app(settings)
        bound = bind(settings.server.host, settings.server.port)
        click.echo(f"gateway {__version__} serves {', '.join(sorted(settings.sources))} at {url_of(bound)}/graphql")
        run(app, bound)


def _check_sources(settings: Settings) -> None:
    if not settings.sources:
        msg = "sources: none is configured: add a [sources.<name>] table, or try gateway demo."
        raise SettingsInvalid(msg)


@main.command()
@host_option
@port_option
@click.option("--insecure", is_flag=True, help="Needed for a host that others can reach.")
def demo(host: str | None, port: int | None, insecure: bool) -> None:
    """The four providers as simulators, and the gateway over them: no keys, no files left behind."""
    with plain_errors():
        host, port = host or "127.0.0.1", 8000 if port is None else port
        server = {"host": host, "port": port, "insecure": insecure}
        check_exposure(load_only(server=server))
        bound, simulators = bind(host, port), bind("127.0.0.1", 0)
        tables = sandbox_sources(url_of(simulators))
        app = create_app(load_only(server=server, sources=tables, state={"database_url": "sqlite://"}))
        click.echo(
            f"Open   {url_of(bound)}/graphql   and press Run, or paste there:\n\n{PASTE}\n\n"
            f"Knobs of the simulators: {url_of(simulators)}/control. Stop with Ctrl+C."
        )
        with running(create_sandbox(), simulators):
            run(app, bound)


@main.command()
@host_option
@click.option("--port", type=click.IntRange(0, 65535), default=9000, show_default=True, help="The port.")
def sandbox(host: str | None, port: int) -> None:
    """The simulators alone: /8x8, /webex/v1, /cloudlx/api, /callgear/v2.0, and their knobs under /control."""
    with plain_errors():
        bound = bind(host or "127.0.0.1", port)
        click.echo(
            f"The simulators answer at {url_of(bound)}, their knobs at {url_of(bound)}/control. Stop with Ctrl+C."
        )
        run(create_sandbox(), bound)


@main.group()
def schema() -> None:
    """The GraphQL schema."""


@schema.command("print")
def schema_print() -> None:
    """Print the schema."""
    click.echo(sdl(make_schema()), nl=False)


@schema.command("check")
@click.argument("path", type=click.Path(path_type=Path), default=Path("schema.graphql"))
def schema_check(path: Path) -> None:
    """Compare a file with the schema, and weigh what changed; exits with 1 when they differ."""
    try:
        kept = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        click.echo(f"gateway: {path} cannot be read ({getattr(error, 'strerror', 'it is not UTF-8')}).", err=True)
        sys.exit(2)
    current = sdl(make_schema())
    if kept != current:
        _tell_changes(path, kept, current)
        sys.exit(1)
    click.echo(f"{path} is the schema.")


def _tell_changes(path: Path, kept: str, current: str) -> None:
    try:
        lines = changes(kept, current)
    except ValueError as error:
        click.echo(f"gateway: {path} {error}.", err=True)
        sys.exit(2)
    for line in lines or ["Only the layout changed."]:
        click.echo(line)
    click.echo(f"{path} differs from the schema: run gateway schema print > {path}, and read what changed.", err=True)


@main.group()
def config() -> None:
    """The settings."""


@config.command("check")
@config_option
def config_check(path: Path | None) -> None:
    """Print the effective settings, secrets masked; exits with 2 when they cannot be used."""
    with plain_errors():
        settings = load(path)
        click.echo(shown(settings), nl=False)
        check_exposure(settings)


@main.group("sources")
def sources_group() -> None:
    """The configured sources."""


@sources_group.command("check")
@config_option
def sources_check(path: Path | None) -> None:
    """Ask each source once, and say what is wrong and how to mend it; exits with 1 when one does not answer."""
    with plain_errors():
        settings = load(path)
        _check_sources(settings)
    told = asyncio.run(_ask_each(settings))
    for line in told.values():
        click.echo(line)
    if not all(line.startswith("ok") for line in told.values()):
        sys.exit(1)


async def _ask_each(settings: Settings) -> dict[str, str]:
    clock = SystemClock()
    async with open_rooms(settings, clock) as rooms:
        lines = await asyncio.gather(*(_ask_once(caller, clock) for caller in rooms.callers.values()))
        return dict(zip(rooms.callers, lines, strict=True))


async def _ask_once(caller: Caller, clock: SystemClock) -> str:
    """One row of its list: the smallest question that needs the address, the place and the credentials to be right."""
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
