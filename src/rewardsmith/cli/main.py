"""The command ``rewardsmith``: puts the verbs together and turns every failure into one clear line.

Exit codes: 0 done, 1 a fault of ours or what ``check`` and ``audit`` found, 2 input that cannot be used (or a
disk that refuses), 130 stopped.
"""

from __future__ import annotations

import os
import platform
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from .. import __version__
from ..core.errors import RewardsmithError
from . import (
    audit,
    bench,
    check,
    compare,
    design,
    doctor,
    explain,
    export,
    methods,
    model,
    plot,
    report,
    reproduce,
    runs,
    scripted_model,
    serve,
    show,
    systems,
    tasks,
    transforms,
)
from .interrupt import STOPPED, Stopped, leave
from .output import one_line, tell

DEBUG = "--debug"
VERBS = (
    design,
    check,
    compare,
    audit,
    model,
    explain,
    runs,
    show,
    report,
    export,
    plot,
    serve,
    scripted_model,
    tasks,
    methods,
    bench,
    systems,
    reproduce,
    transforms,
    doctor,
)

app = typer.Typer(
    help="Design, measure and test reward functions for reinforcement learning.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _verb in VERBS:
    app.command(name=_verb.NAME, help=_verb.HELP)(_verb.command)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"rewardsmith {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option(DEBUG, help="Show the traceback of every failure.")] = False,
) -> None:
    """What every verb takes."""
    del version, debug  # --version has acted already; --debug is taken out by run(), wherever it stands


def main() -> None:
    """Entry point of the installed command."""
    code = run(sys.argv[1:])
    if code == STOPPED:
        leave(code)  # compiled code that still runs in a thread would crash an orderly end
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    debug = DEBUG in arguments or bool(os.environ.get("REWARDSMITH_DEBUG"))
    arguments = [each for each in arguments if each != DEBUG] or ["--help"]
    if not debug:
        warnings.showwarning = _show_warning
    try:
        code = typer.main.get_command(app).main(args=arguments, prog_name="rewardsmith", standalone_mode=False)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            traceback.print_exc()
        return _explain(error, arguments)
    return code if isinstance(code, int) else 0


def _explain(error: BaseException, arguments: Sequence[str]) -> int:
    """One line on stderr, and the exit code."""
    if isinstance(error, BrokenPipeError):
        # Whoever read our output (head, less) has gone: nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if isinstance(error, (Stopped, KeyboardInterrupt, typer.Abort)):
        tell(str(error) or "stopped")
        return STOPPED
    if isinstance(error, typer.TyperException):
        verb = next((f"{each.NAME} " for each in VERBS if each.NAME in arguments[:1]), "")
        said = one_line(_usage(error))
        if said.startswith("No such option") and verb.strip() in (check.NAME, compare.NAME):
            said += "; a program that begins with a minus goes after --, behind all options"
        tell(f"error: {said}; see: rewardsmith {verb}--help")
        return 2
    if isinstance(error, RewardsmithError):
        tell(f"error: {one_line(error)}")
        return 2
    if isinstance(error, OSError) and error.strerror:
        place = f" {error.filename}" if error.filename else " a file"
        tell(f"error: cannot use{place}: {error.strerror}; what was recorded before is kept")
        return 2
    tell(
        f"unexpected {type(error).__name__}: {one_line(error)} (rewardsmith {__version__}, Python "
        f"{platform.python_version()}); this is a fault of rewardsmith, not of your input: please report it "
        f"with what the same command prints with {DEBUG}"
    )
    return 1


def _usage(error: typer.TyperException) -> str:
    """What is wrong with the command line (these errors keep their full text in ``format_message``)."""
    described: Any = getattr(error, "format_message", None)
    return (described() if described else str(error)).rstrip(".")


def _show_warning(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    """Our own warnings are for the user; those of other libraries are for us (shown with --debug)."""
    del place, more
    if category.__module__.startswith("rewardsmith"):
        tell(f"warning: {one_line(message)}")
