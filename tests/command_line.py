"""The command line within this process: all that a process of its own would do but start.

What belongs to processes (imports, signals, pipes, terminals) is told by tests that start one.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from plimsoll.cli.main import application


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Exit code and streams, by the names that `subprocess` gives them."""

    returncode: int
    stdout: str
    stderr: str


def python_block(source: str, folder: Path) -> str:
    """Run a script in ``folder``; what it prints."""
    printed = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
        exec(compile(source, "block", "exec"), {"__name__": "__main__"})
    return printed.getvalue()


def plimsoll_cli(*arguments: object, folder: Path | None = None, **variables: str) -> Done:
    """Run ``plimsoll`` with these arguments, in ``folder`` where one is named.

    An error that would end a process in a traceback is raised.
    """
    with contextlib.nullcontext() if folder is None else contextlib.chdir(folder):
        done = CliRunner(env={"NO_COLOR": "1", **variables}).invoke(
            application(), [*map(str, arguments)], prog_name="plimsoll"
        )
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(returncode=done.exit_code, stdout=done.stdout, stderr=done.stderr)
