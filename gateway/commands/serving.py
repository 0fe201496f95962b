"""serve."""

from functools import partial
from pathlib import Path

import click

from gateway import __version__
from gateway.app import create_app
from gateway.commands.common import check_sources, config_option, host_option, plain_errors, port_option
from gateway.errors import SettingsInvalid
from gateway.serving import bind, run, url_of
from gateway.settings import check_exposure, load
from gateway.web.auth import Door
from gateway.web.logs import write_json_lines


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
    if door.open:
        click.echo("gateway: it was opened for everybody, and stays so: clients take a restart.")
    else:
        click.echo(f"gateway: {len(settings.clients)} clients are known now.")
