"""config check."""

from pathlib import Path

import click

from gateway.commands.common import check_sources, config_option, plain_errors
from gateway.effective import shown
from gateway.settings import check_exposure, load


@click.group()
def config() -> None:
    """The settings."""


@config.command("check")
@config_option
def config_check(path: Path | None) -> None:
    """Print the effective settings, secrets masked; exits with 2 when they cannot be used."""
    with plain_errors():
        settings = load(path)
        click.echo(shown(settings), nl=False)
        check_sources(settings)
        check_exposure(settings)
