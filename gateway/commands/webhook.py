"""webhook send."""

import asyncio
import json
import sys
from pathlib import Path

import click

from gateway.commands.common import config_option, plain_errors
from gateway.errors import SettingsInvalid, SourceError
from gateway.providers.protocol import Request, Response, WebhookSettings
from gateway.sandbox.accounts import sources as sandbox_sources
from gateway.sandbox.eight_by_eight import events as sandbox_events
from gateway.serving import reachable
from gateway.settings import load, load_only
from gateway.upstream.client import HttpTransport
from gateway.upstream.clock import SystemClock

EXAMPLE = Path(sandbox_events.__file__).with_name("example.json")
"""The event of https://developer.8x8.com/connect/docs/virtual-number-updated-event, as it stands there."""

SEND_SECONDS = 10.0


@click.group()
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
        body = example_for(held) if sample is None else _read_sample(sample)
        base = (url or f"http://{reachable(settings.server.host)}:{settings.server.port}").rstrip("/")
    secret = held.webhook_secret.get_secret_value() if held.webhook_secret else ""
    headers = (("content-type", "application/json"), (held.webhook_header.lower(), secret))
    request = Request("POST", f"{base}/webhooks/{held.provider}/{name}", headers, body)
    try:
        answer = asyncio.run(_send(request))
    except SourceError as error:
        words = f"gateway: {request.url} gave no answer ({error.code}): start the gateway, or say where it runs, like --url http://127.0.0.1:8000."
        click.echo(words, err=True)
        sys.exit(1)
    click.echo(f"{answer.status} {answer.body.decode(errors='replace')}")
    if answer.status != 200:  # noqa: PLR2004 - the one status that acknowledges
        sys.exit(1)


def example_for(held: WebhookSettings) -> bytes:
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
