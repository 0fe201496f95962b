"""schema print · schema check."""

import sys
from pathlib import Path

import click

from gateway.schema.changes import changes
from gateway.schema.graph import make_schema, sdl


@click.group()
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
