"""The forms of statistical vectors, recognised by their keys; a name's prefix is only a hint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plimsoll.conformance.statistics.sections import SectionForm, Source, cut
from plimsoll.conformance.vector_file import BrokenCase, VectorCase, VectorFile
from plimsoll.errors import DataFormatError

if TYPE_CHECKING:
    from plimsoll.conformance.contract import Compute
    from plimsoll.conformance.statistics.leaf_rules import LeafRule

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """One form of document.

    Parameters
    ----------
    name : str
        Also the prefix of its files' names, and of ``--engine``.
    holds : str
        What such a file must hold, in words.
    recognises : callable
    """

    name: str
    holds: str
    recognises: Callable[[Document], bool]

    @property
    def module(self) -> str:
        """Where its sections, rules, conventions and engine are; estimators load with it."""
        return f"plimsoll.conformance.statistics.{self.name}"

    @property
    def sections(self) -> Sequence[SectionForm]:
        """How its documents are cut."""
        found: Sequence[SectionForm] = import_module(self.module).SECTIONS
        return found

    @property
    def rules(self) -> Sequence[LeafRule]:
        """What is demanded of its leaves."""
        found: Sequence[LeafRule] = import_module(self.module).RULES
        return found

    @property
    def conventions(self) -> tuple[str, ...]:
        """The conventions that decide the digits, in words."""
        found: tuple[str, ...] = import_module(self.module).CONVENTIONS
        return found

    @property
    def compute(self) -> Compute:
        """Its engine."""
        found: Compute = import_module(self.module).compute
        return found


def _mappings(document: Document, key: str) -> list[Document]:
    inside = document.get(key)
    values = inside.values() if isinstance(inside, Mapping) else ()
    return [value for value in values if isinstance(value, Mapping)]


def _has(document: Document, *keys: str) -> bool:
    return any(key in document for key in keys)


FILE_KINDS = (
    FileKind(
        name="r",
        holds="rugarch or fGarch_garch11",
        recognises=lambda d: _has(d, "rugarch", "fGarch_garch11"),
    ),
    FileKind(
        name="r2",
        holds="models with rugarch_VaRTest or esback_cc, or dcc",
        recognises=lambda d: (
            _has(d, "dcc", "dcc_mvt", "copula_static_t")
            or any(
                isinstance(m, Mapping) and _has(m, "rugarch_VaRTest", "esback_cc", "esback_er")
                for m in d.values()
            )
        ),
    ),
    FileKind(
        name="fixed",
        holds="models with params, and initial",
        recognises=lambda d: _has(d, "initial") and bool(_mappings(d, "models")),
    ),
    FileKind(
        name="garch",
        holds="models with spec or params",
        recognises=lambda d: any(_has(m, "spec", "params") for m in _mappings(d, "models")),
    ),
    FileKind(
        name="intraday",
        holds="days, or L_at with tests of Cn",
        recognises=lambda d: (
            isinstance(d.get("days"), list) or any(_has(m, "Cn") for m in _mappings(d, "tests"))
        ),
    ),
    FileKind(
        name="backtests",
        holds="tests with kupiec_pof or q, or a kupiec_grid",
        recognises=lambda d: (
            any(_has(m, "kupiec_pof", "q", "exceptions") for m in _mappings(d, "tests"))
            or _has(d, "kupiec_grid")
        ),
    ),
    FileKind(
        name="multi",
        holds="ledoit_wolf, t_copula, dcc_second_stage_independent, hawkes_exp, or the like",
        recognises=lambda d: _has(
            d,
            "ledoit_wolf",
            "oas",
            "t_copula",
            "dcc_second_stage_independent",
            "hawkes_exp",
            "lee_mykland",
            "bipower",
            "spectral_small",
        ),
    ),
    FileKind(
        name="evt_dist",
        holds="gpd, gev_block*, hill or dist",
        recognises=lambda d: (
            _has(d, "gpd", "hill", "dist") or any(key.startswith("gev_block") for key in d)
        ),
    ),
)
"""In the order in which they are tried."""


def file_kind(document: Document) -> FileKind | None:
    """Return the form of a document, by its keys; None for something else."""
    return next((kind for kind in FILE_KINDS if kind.recognises(document)), None)


def kind_called(name: str) -> FileKind | None:
    """Return the form of that name."""
    return next((kind for kind in FILE_KINDS if kind.name == name), None)


def read_statistics(path: Path, document: Document) -> VectorFile | None:
    """Cut a statistical document into cases; None where it is of no form and not named as one.

    Raises
    ------
    DataFormatError
        Where the name is that of a form and the keys are not, or an input cannot be read.
    """
    kind = file_kind(document)
    if kind is None:
        hinted = next((k for k in FILE_KINDS if path.name.startswith(f"{k.name}_")), None)
        if hinted is None:
            return None
        raise DataFormatError(
            f"must hold {hinted.holds} for a file named {hinted.name}_*",
            found=", ".join(list(document)[:6]) or "nothing",
            field=path.name,
        )
    source = Source(name=path.name, folder=path.parent, document=document)
    found = list(cut(source, kind.sections))
    return VectorFile(
        name=path.name,
        engine=kind.name,
        parameter_sets={},
        cases=tuple(c for c in found if isinstance(c, VectorCase)),
        broken=tuple(c for c in found if isinstance(c, BrokenCase)),
        by_leaf=True,
    )
