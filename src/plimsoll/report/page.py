"""The report as one HTML file: nothing is loaded, everything is escaped, no script no loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from plimsoll.domain.evidence import Evidence
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.table import Table
from plimsoll.report.assets import asset, content_hash, inline_script, plotly_source, templates
from plimsoll.report.cost_drawings import calls_drawing, cost_drawing
from plimsoll.report.cost_figures import calls_figure, cost_figure
from plimsoll.report.cost_points import cost_picture
from plimsoll.report.coverage_drawing import coverage_drawing
from plimsoll.report.coverage_figure import coverage_figure
from plimsoll.report.coverage_points import (
    CoverageGroup,
    coverage_groups,
    coverage_rows,
    worst_first,
)
from plimsoll.report.embedding import Plain, css_string, json_block
from plimsoll.report.explorer import explorer
from plimsoll.report.grid_figure import grid_drawing, grid_figure, portfolio_marks
from plimsoll.report.key_figures import key_figures
from plimsoll.report.policy_frontier import policy_drawing, policy_figure, policy_points
from plimsoll.report.sections import Section, sections, unplaced_tables
from plimsoll.report.small_multiples import PANELS, small_multiples
from plimsoll.report.table_view import TableView, definitions, table_view, with_origins
from plimsoll.report.wording import (
    as_of,
    command_line,
    is_synthetic,
    provenance_rows,
    require_same_set,
    verdict_meaning,
    verdict_words,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureView:
    """A picture twice: live on screen, drawn for print and for readers without script."""

    key: str
    caption: str
    live: Plain
    printed: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """A section with its pictures and tables."""

    number: int
    section: Section
    figures: tuple[FigureView, ...]
    tables: tuple[TableView, ...]


def html_report(
    evidence: Evidence, parameters: ParameterSet, *, title: str, generated_note: str = ""
) -> str:
    """Return the report as one self-contained HTML page.

    Parameters
    ----------
    evidence : Evidence
    parameters : ParameterSet
        The set the evidence was made for.
    title : str
    generated_note : str
        A line for the foot, such as when and by whom it was made: the page itself knows no clock,
        so that the same inputs give the same bytes.

    Raises
    ------
    UsageError
        Where the evidence belongs to another set, or plotly is not installed.
    """
    require_same_set(evidence, parameters)
    rows = coverage_rows(evidence)
    worst = worst_first(evidence.series, rows)
    views = tuple(_section_views(evidence))
    script = inline_script(asset("report.js"))
    context: dict[str, Any] = {
        **_identity(evidence, parameters, title, generated_note),
        "sections": views,
        "series_drawing": small_multiples(worst, rows, evidence.label),
        "panels": min(PANELS, len(worst)),
        "explorer": json_block(explorer(worst, rows, evidence.label)) if worst else "",
        "figures": json_block({f.key: f.live for view in views for f in view.figures}),
        "appendix": tuple(table_view(table) for table in unplaced_tables(evidence)),
        "definitions": definitions(evidence.tables),
        "style": Markup(asset("report.css")),
        "plotly": Markup(plotly_source()),
        "script": Markup(script),
        "script_hashes": Markup(f"{content_hash(plotly_source())} {content_hash(script)}"),
        "css_string": css_string,
    }
    return templates().get_template("report.html.j2").render(context)


def _identity(
    evidence: Evidence, parameters: ParameterSet, title: str, generated_note: str
) -> dict[str, Any]:
    return {
        "title": title,
        "generated_note": generated_note,
        "evidence": evidence,
        "parameters": parameters,
        "as_of": as_of(evidence, parameters),
        "synthetic": is_synthetic(evidence.label),
        "verdict": verdict_words(evidence.verdict),
        "verdict_meaning": verdict_meaning(evidence),
        "verdict_words": verdict_words,
        "key_figures": key_figures(evidence),
        "provenance": provenance_rows(evidence, parameters),
        "command": command_line(evidence),
    }


def _section_views(evidence: Evidence) -> Iterator[SectionView]:
    figures = {
        "coverage": (*_grid_views(evidence), *_coverage_views(evidence)),
        "cost": tuple(_cost_views(evidence)),
        "policy": tuple(_policy_views(evidence)),
    }
    for number, section in enumerate(sections(evidence), start=2):
        yield SectionView(
            number=number,
            section=section,
            figures=figures.get(section.key, ()),
            tables=tuple(_view(evidence, table) for table in section.tables),
        )


def _view(evidence: Evidence, table: Table) -> TableView:
    return table_view(with_origins(evidence, table) if table.name == "before_after" else table)


def _coverage_views(evidence: Evidence) -> Iterator[FigureView]:
    for index, group in enumerate(coverage_groups(evidence)):
        yield FigureView(
            key=f"coverage-{index}",
            caption=_coverage_caption(group),
            live=coverage_figure(group, evidence.label),
            printed=coverage_drawing(group, evidence.label),
        )


def _grid_views(evidence: Evidence) -> Iterator[FigureView]:
    marks = portfolio_marks(evidence)
    if marks:
        yield FigureView(
            key="grid",
            caption="Initial margin of every portfolio of the library against the loss that the "
            "calm reference scenarios exceed at the target, published set and calibrated. Under "
            "the dashed line the margin is less than that loss. Both axes are logarithmic.",
            live=grid_figure(marks, evidence.label),
            printed=grid_drawing(marks, evidence.label),
        )


def _coverage_caption(group: CoverageGroup) -> str:
    horizons = f", horizons of {', '.join(group.horizons)}" if group.horizons else ""
    return (
        f"{group.title}: breach rates{horizons}, target {100 * group.target:.2f} %. Bars are "
        "95 % Wilson score intervals that take the scored horizons as independent; where breaches "
        "cluster, the truth is less certain than they show."
    )


def _policy_views(evidence: Evidence) -> Iterator[FigureView]:
    points = policy_points(evidence)
    if points:
        yield FigureView(
            key="policy-frontier",
            caption="Margin policies tried: mean margin over yardstick B's, at its coverage, "
            "against the largest over the smallest margin of a trailing year. To the lower left is "
            "cheap and calm; the line joins policies that no other is both cheaper and calmer "
            "than. Axes need not begin at zero or one.",
            live=policy_figure(points, evidence.label),
            printed=policy_drawing(points, evidence.label),
        )


def _cost_views(evidence: Evidence) -> Iterator[FigureView]:
    picture = cost_picture(evidence)
    if picture is None:
        return
    printed = cost_drawing(picture, evidence.label)
    if printed:
        yield FigureView(
            key="cost",
            caption="Mean margin held against its highest over its lowest level in the whole "
            "period. To the lower left is cheap and steady. Axes need not begin at zero.",
            live=cost_figure(picture, evidence.label),
            printed=printed,
        )
    printed = calls_drawing(picture, evidence.label)
    if printed:
        yield FigureView(
            key="calls",
            caption="Largest rises of the margin over 1, 5 and 20 days, as the notes of the table "
            "below define them; the largest 5-day calls on top, the table holds all.",
            live=calls_figure(picture, evidence.label),
            printed=printed,
        )
