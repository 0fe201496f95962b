"""What several commands share: their options, and how they fail."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from gateway.errors import SettingsInvalid
from gateway.settings import Settings

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


@contextmanager
def plain_errors() -> Iterator[None]:
    """Settings that cannot be used end the process with 2 and a sentence, not with a traceback."""
    try:
        yield
    except SettingsInvalid as error:
        click.echo(f"gateway: {error}", err=True)
        sys.exit(2)


def check_sources(settings: Settings) -> None:
    """Refuse to begin without anybody to ask.

    Raises:
        SettingsInvalid: no source is configured.
    """
    if not settings.sources:
        msg = "sources: none is configured: add a [sources.<name>] table, or try gateway demo."
        raise SettingsInvalid(msg)
