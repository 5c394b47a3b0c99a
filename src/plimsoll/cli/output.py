"""Where output goes: results to stdout, everything else to stderr, and no escape codes in files."""

from __future__ import annotations

import json as json_module
import math
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from plimsoll.domain.ports import Progress
    from plimsoll.domain.table import Table

DOCUMENT_VERSION = 1


def is_interactive(stream: TextIO) -> bool:
    """Whether a person watches ``stream`` on a terminal that can do more than print lines."""
    return stream.isatty() and os.environ.get("TERM", "") != "dumb"


@dataclass(slots=True, kw_only=True)
class Output:
    """What a command writes, and where.

    Parameters
    ----------
    command : str
        Verb, for the JSON document.
    json : bool
        One JSON document on stdout; what is meant for people goes to stderr or nowhere.
    """

    command: str
    json: bool = False
    _open: ExitStack = field(default_factory=ExitStack)

    def line(self, text: str = "") -> None:
        """Print a line of the result for people; nothing under ``--json``."""
        if not self.json:
            print(text)

    def table(self, table: Table) -> None:
        """Print a table for people; nothing under ``--json``."""
        if self.json:
            return
        if is_interactive(sys.stdout):
            from plimsoll.cli.render import print_table

            print_table(table)
        else:
            print(f"{table}\n")

    def note(self, text: str) -> None:
        """Tell something that is not a result."""
        print(text, file=sys.stderr)

    def document(self, exit_code: int, members: Mapping[str, object]) -> None:
        """Print the JSON document; nothing without ``--json``.

        JSON has neither NaN nor infinities: whatever still holds one goes out as null or as its
        name in text, as `plimsoll.cli.render.table_document` writes them.
        """
        if not self.json:
            return
        envelope = {
            "command": self.command,
            "schema_version": DOCUMENT_VERSION,
            "exit_code": int(exit_code),
            **members,
        }
        print(json_module.dumps(_in_json(envelope), ensure_ascii=True, allow_nan=False))

    def progress(self) -> Progress:
        """Return a progress display: bars on a terminal, a line per finished stage elsewhere."""
        if is_interactive(sys.stderr):
            from plimsoll.cli.progress import BarProgress

            return self._open.enter_context(BarProgress())
        from plimsoll.cli.progress import LineProgress

        return LineProgress(sys.stderr)

    def note_compilation(self) -> None:
        """Note kernels that are compiled from here on; for verbs that compute."""
        from plimsoll.cli.compilation import compilation_noted

        self._open.enter_context(compilation_noted(self.note))

    def close(self) -> None:
        """Take displays down, so that the terminal is as it was."""
        self._open.close()


def _in_json(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(float(value))
    if isinstance(value, Mapping):
        return {key: _in_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_in_json(item) for item in value]
    return value
