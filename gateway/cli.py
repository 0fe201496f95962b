"""The command line: serve · demo · sandbox · schema print|check · config check · sources check · webhook send."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from gateway import __version__
from gateway.app import create_app, open_rooms
from gateway.effective import shown
from gateway.errors import UNLISTED, SettingsInvalid, SourceError
from gateway.numbers.blocks import Block
from gateway.numbers.filters import EVERYTHING
from gateway.providers.protocol import Request, Response, WebhookSettings
from gateway.sandbox.accounts import sources as sandbox_sources
from gateway.sandbox.app import create_sandbox
from gateway.sandbox.eight_by_eight import events as sandbox_events
from gateway.schema.graph import make_schema, sdl
from gateway.serving import bind, reachable, run, running, url_of
from gateway.settings import Settings, check_exposure, load, load_only
from gateway.upstream.client import HttpTransport
from gateway.upstream.clock import SystemClock
from gateway.upstream.errand import Errand
from gateway.upstream.policy import Caller
from gateway.web.auth import Door

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

EXAMPLE = Path(sandbox_events.__file__).with_name("example.json")
"""The event of https://developer.8x8.com/connect/docs/virtual-number-updated-event, as it stands there."""

SEND_SECONDS = 10.0

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
        run(app, bound, settings.limits, lambda: _reload_clients(app.state.door, path))


def _reload_clients(door: Door, path: Path | None) -> None:
    """The clients as the settings have them now; what cannot be used changes nothing."""
    try:
        settings = load(path)
    except SettingsInvalid as error:
        click.echo(f"gateway: the clients stay as they are: {error}", err=True)
        return
    door.reload(settings)
    click.echo(f"gateway: {len(settings.clients)} clients are known now.")


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
    """Compare a file with the schema; exits with 1 when they differ."""
    try:
        kept = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        click.echo(f"gateway: {path} cannot be read ({getattr(error, 'strerror', 'it is not UTF-8')}).", err=True)
        sys.exit(2)
    if kept != sdl(make_schema()):
        click.echo(
            f"{path} differs from the schema: run gateway schema print > {path}, and read what changed.", err=True
        )
        sys.exit(1)
    click.echo(f"{path} is the schema.")


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


@main.group()
def webhook() -> None:
    """The events that providers send."""


@webhook.command("send")
@click.argument("name", metavar="SOURCE")
@click.argument("sample", type=click.Path(path_type=Path), required=False)
@config_option
@click.option("--url", help="The running gateway.  [default: where the settings say it listens]")
def webhook_send(name: str, sample: Path | None, path: Path | None, url: str | None) -> None:
    """Send an event to a running gateway as the provider would: a file, or else the example of 8x8's documents.

    Without --config it is sent to gateway demo. Exits with 1 unless the event is taken.
    """
    with plain_errors():
        settings = load(path) if path is not None else load_only(sources=sandbox_sources("http://127.0.0.1"))
        held = settings.sources.get(name)
        if not isinstance(held, WebhookSettings):
            known = ", ".join(known for known, table in settings.sources.items() if isinstance(table, WebhookSettings))
            msg = f"{name!r} is no source that takes events; those are: {known or 'none'}."
            raise SettingsInvalid(msg)
        body = _example_for(held) if sample is None else _read_sample(sample)
        base = (url or f"http://{reachable(settings.server.host)}:{settings.server.port}").rstrip("/")
    secret = held.webhook_secret.get_secret_value() if held.webhook_secret else ""
    headers = (("content-type", "application/json"), (held.webhook_header.lower(), secret))
    request = Request("POST", f"{base}/webhooks/{held.provider}/{name}", headers, body)
    try:
        answer = asyncio.run(_send(request))
    except SourceError as error:
        click.echo(f"gateway: {request.url}: {error.message}", err=True)
        sys.exit(1)
    click.echo(f"{answer.status} {answer.body.decode(errors='replace')}")
    if answer.status != 200:  # noqa: PLR2004 - the one status that acknowledges
        sys.exit(1)


def _example_for(held: WebhookSettings) -> bytes:
    """The documented event, as if it were of the configured subaccount."""
    example = json.loads(EXAMPLE.read_bytes())
    example["payload"]["subAccountId"] = getattr(held, "subaccount_id", "")
    return json.dumps(example).encode()


def _read_sample(sample: Path) -> bytes:
    try:
        return sample.read_bytes()
    except OSError as error:
        msg = f"{sample} cannot be read ({error.strerror}): name a file that holds an event."
        raise SettingsInvalid(msg) from error


async def _send(request: Request) -> Response:
    transport = HttpTransport.open(SystemClock().now)
    try:
        return await transport.send(request, SEND_SECONDS)
    finally:
        await transport.close()
