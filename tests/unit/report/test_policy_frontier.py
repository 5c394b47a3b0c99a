"""The picture of a venue's frontier: every policy, the chosen one marked; nothing without it."""

from __future__ import annotations

from plimsoll.domain.evidence import Evidence
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.report.policy_frontier import policy_drawing, policy_figure, policy_points
from plimsoll.report.sections import sections

ROWS = (
    ("cheap", 0.85, 3.0, "none", "yes", "no"),
    ("<b>middle</b>", 0.90, 2.0, "none", "yes", "yes"),
    ("calm", 0.95, 1.2, "worst quartile +5%", "yes", "no"),
    ("poor", 0.96, 2.5, "peak to trough +9%", "no", "no"),
)


def evidence(*tables: Table) -> Evidence:
    return Evidence(parameter_set_id="x", label="marks", checks=(), tables=tables)


def table() -> Table:
    number = ColumnKind.NUMBER
    return Table(
        name="policy_frontier",
        title="Policies",
        columns=(
            Column(name="policy", title="Policy"),
            Column(name="cost", title="Cost", kind=number),
            Column(name="peak_to_trough", title="PT", kind=number),
            Column(name="broken", title="Not held"),
            Column(name="pareto", title="Edge"),
            Column(name="in_force", title="In force"),
        ),
        rows=ROWS,
    )


def test_every_policy_is_drawn_and_named_once_and_escaped() -> None:
    points = policy_points(evidence(table()))
    assert [p.kind for p in points] == [
        "holds every constraint",
        "in force",
        "breaks a constraint",
        "breaks a constraint",
    ]
    drawn = str(policy_drawing(points, "marks"))
    for name in ("cheap", "&lt;b&gt;middle&lt;/b&gt;", "calm", "poor"):
        assert drawn.count(f">{name}<") == 1
    live = policy_figure(points, "marks")
    assert isinstance(live["data"], list)
    edge = live["data"][0]
    assert isinstance(edge, dict)
    assert edge["x"] == [1.2, 2.0, 3.0]
    marks = [
        len(t["x"]) for t in live["data"][1:] if isinstance(t, dict) and isinstance(t["x"], list)
    ]
    assert marks == [1, 1, 2]


def test_a_venue_without_an_appetite_has_no_such_section() -> None:
    assert policy_points(evidence()) == ()
    assert "policy" not in [section.key for section in sections(evidence())]
    assert "policy" in [section.key for section in sections(evidence(table()))]
