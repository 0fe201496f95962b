"""serve · demo · sandbox: the commands that go on until they are stopped."""

from functools import partial
from pathlib import Path

import click

from gateway import __version__
from gateway.app import create_app
from gateway.commands.common import check_sources, config_option, host_option, plain_errors, port_option
from gateway.errors import SettingsInvalid
from gateway.sandbox.accounts import sources as sandbox_sources
from gateway.sandbox.app import create_sandbox
from gateway.serving import bind, run, running, url_of
from gateway.settings import check_exposure, load, load_only
from gateway.web.auth import Door
from gateway.web.logs import write_json_lines

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


@click.command()
@config_option
@host_option
@port_option
@click.option("--insecure", is_flag=True, default=None, help="Serve strangers although no client is configured.")
def serve(path: Path | None, host: str | None, port: int | None, insecure: bool | None) -> None:
    """Serve the configured sources."""
    with plain_errors():
        settings = load(path, server={"host": host, "port": port, "insecure": insecure})
        check_sources(settings)
        check_exposure(settings)
        app = create_app(settings)
        bound = bind(settings.server.host, settings.server.port)
        write_json_lines()
        click.echo(f"gateway {__version__} serves {', '.join(sorted(settings.sources))} at {url_of(bound)}/graphql")
        reload = partial(_reload_clients, app.state.door, path)
        run(app, bound, settings.limits, reload, settings.server.drain_seconds)


def _reload_clients(door: Door, path: Path | None) -> None:
    """The clients as the settings have them now; what cannot be used changes nothing."""
    try:
        settings = load(path)
    except SettingsInvalid as error:
        click.echo(f"gateway: the clients stay as they are: {error}", err=True)
        return
    door.reload(settings)
    click.echo(f"gateway: {len(settings.clients)} clients are known now.")


@click.command()
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


@click.command()
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
