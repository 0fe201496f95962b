"""The command line: serve · demo · sandbox · schema print|check · config check · sources check · webhook send.

A command is imported when it is wanted: whoever asks for help, or mistypes, does not wait for what only serving needs.
"""

import gc
from importlib import import_module

import click

from gateway import __version__

COMMANDS = {
    "config": ("config", "The settings."),
    "demo": ("simulated", "The four providers as simulators, and the gateway over them."),
    "sandbox": ("simulated", "The simulators alone."),
    "schema": ("schema", "The GraphQL schema."),
    "serve": ("serving", "Serve the configured sources."),
    "sources": ("sources", "The configured sources."),
    "webhook": ("webhook", "The events that providers send."),
}
"""Each command's module in ``gateway.commands``, where it has the same name, and its line in the help."""


class Commands(click.Group):
    """Knows its commands by name, and each of them in full once it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All names, in order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        gc.disable()  # what is imported stays: to look for garbage among it takes an eighth of the time
        command: click.Command = getattr(import_module(f"gateway.commands.{module}"), cmd_name)
        gc.freeze()
        gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """The list of commands, none of which is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gateway")
def main() -> None:
    """One GraphQL graph over the telephone numbers of several providers."""
