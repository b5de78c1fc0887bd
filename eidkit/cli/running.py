"""From arguments to an exit code: the table of commands, and what becomes of each error."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from eidkit.cli.speaking import Reader, complain, language_option, say
from eidkit.errors import EidkitError, NotSupported, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

PASSED, FAILED, UNREADABLE = 0, 1, 2

COMMANDS = {
    "demo": "Walk a dossier through five steps, prove it, then tamper with it.",
    "sign": "Sign a PDF or an XML document, or any file as CMS.",
    "timestamp": "Add a timestamp to the last signature that has none.",
    "preserve": "Make a signed PDF fit to be proved for years, or renew it.",
    "verify": "Say what each signature in a file is worth, and why.",
    "certificate": "Say what a certificate is worth, with its whole path.",
    "audit": "Say what the files that you have prove, until when, and how to save them.",
    "collect": "Collect all facts about a signed file, to judge them later.",
    "dossier": "Prove who approved what in a written dossier.",
    "otp": "Enrol an authenticator app, and confirm with one-time codes.",
    "sandbox": "Make a trust infrastructure of your own to test with.",
    "completion": "Print what your shell needs to complete eidkit's commands.",
}


class LazyGroup(click.Group):
    """A group whose commands live in modules of their own, imported when one is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command, loaded now."""
        if cmd_name in COMMANDS:
            command: click.Command = import_module(f"eidkit.cli.{cmd_name}").command
            return command
        return None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands that begin so, without loading any of them; options as click gives them."""
        from click.shell_completion import CompletionItem

        fitting = [CompletionItem(name, help=told) for name, told in COMMANDS.items() if name.startswith(incomplete)]
        return fitting + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """The list in ``eidkit --help``, without loading any command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def not_supported(name: str, remedy: Text) -> NotSupported:
    """The refusal of a command or option that the contract has and this release does not do."""
    problem = Text(f"{name} is not in this release", f"phiên bản này chưa có {name}")
    return NotSupported("command-not-supported", problem, remedy)


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from eidkit.version import VERSION

        click.echo(f"eidkit {VERSION}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Start with `eidkit demo`, or with `eidkit sandbox init sandbox` and `eidkit sign --help`.",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@language_option
def eidkit() -> None:
    """Authenticate, sign, timestamp, and prove approvals offline.

    Nothing is trusted by default: every command that judges takes the anchors that you chose.
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit code of one command: 0 done or passed, 1 not passed, 2 could not be read or done."""
    reader = Reader()
    try:
        code: Any = eidkit.main(arguments, prog_name="eidkit", standalone_mode=False, obj=reader)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say(
            Text("stopped; nothing further was written", "đã dừng; không ghi thêm gì"), err=True, spoken=reader.language
        )
        return 130
    except EidkitError as error:
        complain(error, reader.language)
        return UNREADABLE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return UNREADABLE
    except OSError as error:
        complain(_system(error), reader.language)
        return UNREADABLE
    except Exception as error:  # the last line of defence: a person never sees a traceback
        if os.environ.get("EIDKIT_DEBUG"):
            raise
        complain(_defect(error), reader.language)
        return UNREADABLE
    return code if isinstance(code, int) else PASSED


def _system(error: OSError) -> EidkitError:
    what = os.path.basename(str(error.filename)) if error.filename else "the system"  # noqa: PTH119 - only the name
    return EidkitError(
        "system",
        Text(f"{what}: {error.strerror or type(error).__name__}", f"{what}: lỗi hệ thống"),
        Text("check the path, its permissions and the free space", "kiểm tra đường dẫn, quyền và dung lượng trống"),
        kind="outside",
    )


def _defect(error: Exception) -> EidkitError:
    """Our own mistake: named as such, fail-closed, with the way to show it to us."""
    return EidkitError(
        "defect",
        Text(f"eidkit failed inside ({type(error).__name__}); this is a defect", "eidkit gặp lỗi nội bộ"),
        Text(
            "nothing was accepted; run it again with EIDKIT_DEBUG=1 and report what it prints",
            "không chấp nhận gì; chạy lại với EIDKIT_DEBUG=1 và báo lỗi cho chúng tôi",
        ),
    )
