"""demo · sandbox: what is served from simulators."""

import click

from gateway.app import create_app
from gateway.commands.common import host_option, plain_errors, port_option
from gateway.sandbox.accounts import sources as sandbox_sources
from gateway.sandbox.app import create_sandbox
from gateway.serving import bind, run, running, url_of
from gateway.settings import check_exposure, load_only

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
