"""The Markdown report: verdict first, all tables, nothing that Markdown would interpret."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from plimsoll.domain.table import Column, Table
from plimsoll.errors import UsageError
from plimsoll.report import markdown_report
from report_evidence import LABEL, sample_evidence


def test_verdict_stands_before_everything_else_and_sections_in_order() -> None:
    text = markdown_report(*sample_evidence())
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert text.index("**Verdict: NOT PROVEN**") < text.index("## ")
    assert headings == [
        "Parameters, before and after",
        "Coverage",
        "Cost and procyclicality",
        "Data findings",
        "Incumbent and other models against the candidate",
        "Limits: what this evidence cannot say",
        "Provenance",
        "Appendix: further tables",
    ]


def test_every_table_is_there_with_its_rows_units_and_price_source() -> None:
    evidence, parameters = sample_evidence()
    text = markdown_report(evidence, parameters)
    for table in evidence.tables:
        block = text.split(f"### {table.title}\n", 1)[1].split("\n#", 1)[0]
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len(rows) == len(table) + 2
        assert f"- Price source: {LABEL}" in block
    assert "| Notional up to [USD] |" in text


def test_hostile_names_are_escaped() -> None:
    evidence, parameters = sample_evidence(hostile=True)
    text = markdown_report(evidence, parameters)
    assert "<script" not in text
    assert "&lt;script>" in text


def test_pipes_line_breaks_and_links_do_not_break_a_table() -> None:
    evidence, parameters = sample_evidence()
    nasty = Table(
        name="nasty",
        title="Nasty",
        columns=(Column(name="a", title="A|B"), Column(name="b", title="B")),
        rows=(("x|y\nz", "[click](http://example.org)`*"),),
    )
    text = markdown_report(replace(evidence, tables=(nasty,)), parameters)
    rows = [line for line in text.split("### Nasty\n")[1].splitlines() if line.startswith("|")]
    assert rows[0] == "| A\\|B | B |"
    assert rows[2] == "| x\\|y z | \\[click\\](http://example.org)\\`\\* |"


def test_same_inputs_same_text() -> None:
    assert markdown_report(*sample_evidence()) == markdown_report(*sample_evidence())


def test_evidence_of_another_set_is_refused() -> None:
    evidence, parameters = sample_evidence()
    with pytest.raises(UsageError, match=r"evidence\.parameter_set_id"):
        markdown_report(evidence, replace(parameters, seed=8))
