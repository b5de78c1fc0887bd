"""``eidkit completion``: what a shell reads so that the Tab key completes commands, options and values."""

from __future__ import annotations

import click

from eidkit.cli.speaking import language_option, misused
from eidkit.errors import Text

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_EIDKIT_COMPLETE"
"""How the script asks us for completions; click derives the name from that of the program."""
EPILOG = """\b
For this shell only, and for every new one:
  bash   source <(eidkit completion bash)
         eidkit completion bash > ~/.local/share/bash-completion/completions/eidkit
  zsh    source <(eidkit completion zsh)
         eidkit completion zsh > "${fpath[1]}/_eidkit"
  fish   eidkit completion fish | source
         eidkit completion fish > ~/.config/fish/completions/eidkit.fish
"""


@click.command(epilog=EPILOG)
@click.argument("shell", type=click.Choice(SHELLS))
@language_option
@click.pass_context
def command(ctx: click.Context, /, shell: str) -> None:
    """Print the completion script of SHELL (bash 4.4 or later, zsh, fish)."""
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise misused(Text(f"there is no completion for {shell}", f"không có phần gợi ý lệnh cho {shell}"))
    click.echo(made(ctx.find_root().command, {}, "eidkit", VARIABLE).source())
