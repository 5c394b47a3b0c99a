"""What an engine is to the conformance runner: a function of inputs, never of what is expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from plimsoll.errors import UsageError

Compute = Callable[[str, Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]
"""``compute(kind, inputs, parameter_sets)`` returns computed values by the names of ``expected``.

``kind`` is the case's, and empty where a case has none; ``inputs`` are the case's;
``parameter_sets`` are the file's, by name, empty where it has none. Values may be nested mappings
and lists as in the vectors; names beyond those expected are shown and not compared. It raises
`UnknownCase` for a kind it does not know; a `KeyError` is reported as a missing input of the case.
"""


class UnknownCase(UsageError):
    """A kind of case that an engine does not know: the case counts as a mismatch."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__("must be a kind of case that the engine knows", found=kind, field="kind")
