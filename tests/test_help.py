"""What the command line says of itself, at once."""

import importlib
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from gateway import __version__
from gateway.cli import COMMANDS, main

HEAVY = """
import atexit, sys
from gateway.cli import main
atexit.register(lambda: print([name for name in ("starlette", "strawberry", "aiohttp", "pydantic") if name in sys.modules]))
main(prog_name="gateway")
"""
"""Runs a command, and prints last what it imported that takes long."""


def test_the_module_starts_nothing_when_it_is_imported() -> None:
    """``python -m gateway`` is the command; an import is not."""
    assert importlib.import_module("gateway.__main__").main is main


def test_help_and_version() -> None:
    """The group says what there is, in either spelling, and which version it is."""
    told = CliRunner().invoke(main, ["--help"]).output
    assert told == CliRunner().invoke(main, ["-h"]).output
    assert all(command in told for command in COMMANDS)
    assert CliRunner().invoke(main, ["--version"]).output == f"gateway, version {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_what_the_help_says(name: str) -> None:
    """Each name is that of a command, whose own help begins as its line in the list does."""
    context = click.Context(main)
    assert name in main.list_commands(context)
    held = main.get_command(context, name)
    assert held is not None
    assert held.name == name
    assert held.get_short_help_str(200).startswith(COMMANDS[name][1].rstrip("."))


@pytest.mark.parametrize("words", ["--help", "--version", "sirve"])
def test_help_waits_for_nothing(words: str) -> None:
    """What only commands need is not imported to list them, nor for a name that is none."""
    run = subprocess.run([sys.executable, "-c", HEAVY, words], capture_output=True, text=True, check=False)  # noqa: S603 - the gateway itself
    assert run.stdout.splitlines()[-1] == "[]"
