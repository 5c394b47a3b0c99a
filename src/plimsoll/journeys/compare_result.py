"""What a comparison of forecasters returns, and how it shows itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from plimsoll.adapters.files.output_folder import OutputFolder
from plimsoll.domain.market import PriceKind
from plimsoll.domain.table import Table
from plimsoll.errors import UsageError
from plimsoll.journeys.compare_choice import DefaultChoice
from plimsoll.validation.comparison.compare import HorizonComparison
from plimsoll.validation.comparison.definitions import definitions_table
from plimsoll.validation.comparison.shown_columns import shown_table
from plimsoll.validation.comparison.tables import comparison_tables

PAGE, MARKDOWN = "comparison.html", "comparison.md"
MARKED = "comparison"
"""Name of the markers between which the tables stand in a Markdown page."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ComparisonResult:
    """Forecasters compared, by horizon.

    Parameters
    ----------
    horizons : tuple of HorizonComparison
    price_kind : PriceKind
    source : str
        Where the prices came from, for the page.
    excluded : tuple of str
        Markets of the file that were not compared on.
    choice : DefaultChoice or None
        The yearly choice of the default made again, where it was asked for.
    files : tuple of Path
        What was written.
    """

    horizons: tuple[HorizonComparison, ...]
    price_kind: PriceKind
    source: str = ""
    excluded: tuple[str, ...] = ()
    choice: DefaultChoice | None = None
    files: tuple[Path, ...] = field(default=())

    def horizon(self, hours: int) -> HorizonComparison:
        """Return the comparison over one horizon."""
        for found in self.horizons:
            if found.horizon_hours == hours:
                return found
        known = [found.horizon_hours for found in self.horizons]
        raise UsageError(f"must be one of {known}", found=hours, field="horizon_hours")

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table, horizon by horizon; the choice of the default; what the figures mean.

        With all columns, those too that are empty in every row: `shown` leaves them out.
        """
        return (
            *(
                table
                for found in self.horizons
                for table in comparison_tables(found, self.price_kind.label)
            ),
            *(() if self.choice is None else self.choice.tables),
            definitions_table(),
        )

    @property
    def shown(self) -> tuple[Table, ...]:
        """The tables as they are printed: without empty columns, which a note names."""
        return tuple(shown_table(table) for table in self.tables)

    def table(self, name: str) -> Table:
        """Return one table, such as ``methods_8h``."""
        for found in self.tables:
            if found.name == name:
                return found
        raise UsageError(
            f"must be one of {[t.name for t in self.tables]}", found=name, field="table"
        )

    def markdown(self) -> str:
        """All tables as Markdown."""
        return "\n".join(table.markdown() for table in self.shown)

    def _repr_html_(self) -> str:
        return "".join(table._repr_html_() for table in self.shown if "methods" in table.name)

    def __repr__(self) -> str:
        hours = ", ".join(f"{found.horizon_hours} h" for found in self.horizons)
        return f"<ComparisonResult {len(self.horizons[0].scores)} methods over {hours}>"

    def __str__(self) -> str:
        return "\n\n".join(str(table) for table in self.shown)


def write_comparison(result: ComparisonResult, output: OutputFolder) -> tuple[Path, ...]:
    """Write page, Markdown and CSV tables into a claimed folder."""
    from plimsoll.report.comparison_csv import table_csv
    from plimsoll.report.comparison_page import comparison_page

    label = result.price_kind.label
    output.write(PAGE, comparison_page(result.horizons, result.shown, label=label))
    output.write(MARKDOWN, result.markdown())
    for table in result.tables:
        output.write(f"tables/{table.name}.csv", table_csv(table, label))
    return tuple(output.folder / name for name in output.names)
