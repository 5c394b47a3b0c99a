"""What a study returns: tables and a verdict, and how they go into a page of the documents."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.table import Column, Table
from plimsoll.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class StudyResult:
    """A study of calibrated parameters on data that they were not calibrated on.

    Parameters
    ----------
    name : str
        As in ``plimsoll backtest NAME``; names the markers in a Markdown page.
    title : str
    label : str
        What the prices are; SYNTHETIC where they are generated.
    tables : tuple of Table
    checks : tuple of Check
        What was demanded, found, and whether it holds.
    notes : tuple of str
        What a reader must know.
    files : tuple of Path
        What was written.
    headline : tuple of str
        Names of the tables that a page of results shows beside the verdict; the others have a page
        of their own. Empty: all.
    """

    name: str
    title: str
    label: str
    tables: tuple[Table, ...]
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = field(default=())
    headline: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.headline:
            self.table(name)

    @property
    def verdict(self) -> Verdict:
        """Breach if any check is breached, else not proven if any is not, else holds."""
        verdicts = {check.verdict for check in self.checks}
        for worst in (Verdict.BREACH, Verdict.NOT_PROVEN):
            if worst in verdicts:
                return worst
        return Verdict.HOLDS if self.checks else Verdict.NOT_PROVEN

    def table(self, name: str) -> Table:
        """Return one table."""
        for found in self.tables:
            if found.name == name:
                return found
        raise UsageError(
            f"must be one of {[t.name for t in self.tables]}", found=name, field="table"
        )

    @property
    def check_table(self) -> Table:
        """The verdict, line by line."""
        return Table(
            name=f"{self.name}_checks",
            title=f"{self.title}: verdict",
            columns=(
                Column(name="name", title="Check"),
                Column(name="verdict", title="Verdict"),
                Column(name="found", title="Found"),
                Column(name="demanded", title="Demanded"),
            ),
            rows=tuple((c.name, c.verdict.value, c.found, c.demanded) for c in self.checks),
            notes=(f"Prices: {self.label}.", *self.notes),
        )

    def markdown(self) -> str:
        """Verdict and tables as Markdown."""
        return "\n".join(table.markdown() for table in (self.check_table, *self.tables))

    def summary(self) -> str:
        """Verdict and the tables of the headline as Markdown."""
        shown = [self.table(name) for name in self.headline] or self.tables
        return "\n".join(table.markdown() for table in (self.check_table, *shown))

    def details(self) -> str:
        """Every table that `summary` leaves out as Markdown; empty where it shows all."""
        rest = [t for t in self.tables if self.headline and t.name not in self.headline]
        return "\n".join(table.markdown() for table in rest)

    def _repr_html_(self) -> str:
        return "".join(table._repr_html_() for table in (self.check_table, *self.tables))

    def __repr__(self) -> str:
        return f"<StudyResult {self.name}: {self.verdict.value}>"

    def __str__(self) -> str:
        return "\n\n".join(str(table) for table in (self.check_table, *self.tables))


def between_markers(text: str, name: str, tables: str) -> str:
    """Return a document with what stands between the markers of a study replaced.

    Raises
    ------
    UsageError
        Where the markers do not stand in it, once and in order.

    >>> page = "a\\n<!-- ladders: begin -->\\nold\\n<!-- ladders: end -->\\nb"
    >>> print(between_markers(page, "ladders", "new").replace("\\n\\n", "\\n"))
    a
    <!-- ladders: begin -->
    new
    <!-- ladders: end -->
    b
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    head, first, rest = text.partition(begin)
    _, second, tail = rest.partition(end)
    if not first or not second or begin in rest or end in tail:
        raise UsageError(
            f"must hold {begin} and then {end}, each once",
            found=f"{text.count(begin)} and {text.count(end)}",
            field="--markdown",
        )
    return f"{head}{begin}\n\n{tables.strip()}\n\n{end}{tail}"


def write_between_markers(path: str | os.PathLike[str], name: str, tables: str) -> Path:
    """Put tables between the markers of a Markdown file; markers that are absent are added."""
    from plimsoll.adapters.files.atomic import write_atomically

    out = Path(path)
    text = out.read_text("utf-8") if out.exists() else ""
    if f"<!-- {name}: begin -->" not in text:
        text = f"{text.rstrip()}\n\n<!-- {name}: begin -->\n<!-- {name}: end -->\n".lstrip()
    write_atomically(out, between_markers(text, name, tables))
    return out


def write_study(path: str | os.PathLike[str], result: StudyResult) -> tuple[Path, ...]:
    """Put verdict and headline between the markers of a page, the rest on a page beside it.

    The page beside is named after both: ``results.md`` has ``results-frontier.md``. What stands in
    either outside of the markers is kept.
    """
    from plimsoll.adapters.files.atomic import write_atomically

    out, details = Path(path), result.details()
    if not details:
        return (write_between_markers(out, result.name, result.summary()),)
    beside = out.with_name(f"{out.stem}-{result.name}{out.suffix}")
    if not beside.exists():
        head = (
            f"# {result.title}: every table\n\nVerdict and main tables: [{out.stem}]({out.name}).\n"
        )
        write_atomically(beside, head)
    link = f"Further tables: [{beside.stem}]({beside.name})."
    return (
        write_between_markers(out, result.name, f"{result.summary().rstrip()}\n\n{link}"),
        write_between_markers(beside, result.name, details),
    )
