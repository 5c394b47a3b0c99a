"""The HTML page, read back by an independent parser."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from plimsoll.domain.evidence import Evidence
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.errors import UsageError
from plimsoll.report import html_report
from plimsoll.report.assets import inline_script, plotly_source
from plimsoll.report.embedding import css_string, json_block
from plimsoll.report.key_figures import key_figures
from plimsoll.report.table_view import table_view, with_origins
from report_evidence import HOSTILE, LABEL, SPOT_LABEL, sample_evidence

SECTIONS = (
    *("verdict", "parameters", "margin-and-loss", "coverage", "cost", "findings", "incumbent"),
    *("limits", "provenance", "signatures", "appendix", "definitions"),
)


class Page(HTMLParser):
    """Elements, texts of scripts and rows of each table of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.rows: dict[str, int] = {}
        self._block = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        if tag == "script":
            self.scripts.append((attributes, ""))
        identity = attributes.get("id") or ""
        if tag == "section" and identity:
            self._block = identity
        if tag == "tr":
            self.rows[self._block] = self.rows.get(self._block, 0) + 1

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)

    def handle_endtag(self, tag: str) -> None:
        self.elements.append((f"/{tag}", {}))

    def script(self, identity: str) -> str:
        return next(text for attributes, text in self.scripts if attributes.get("id") == identity)


def report(evidence: Evidence | None = None, **options: object) -> str:
    made, parameters = sample_evidence(**options)  # type: ignore[arg-type]
    return html_report(evidence or made, parameters, title="Margin parameters")


@pytest.fixture(scope="module")
def hostile_text() -> str:
    return report(hostile=True)


@pytest.fixture(scope="module")
def page(hostile_text: str) -> Page:
    return Page(hostile_text)


def test_holds_plotly_once_and_four_scripts_in_all(page: Page, hostile_text: str) -> None:
    assert hostile_text.count(plotly_source()) == 1
    kinds = [(a.get("type"), a.get("id")) for a, _ in page.scripts]
    assert kinds == [
        ("application/json", "figures"),
        ("application/json", "series"),
        (None, None),
        ("module", None),
    ]


def test_loads_nothing_from_anywhere(page: Page) -> None:
    for tag, attributes in page.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form"}
        assert "src" not in attributes
        assert (attributes.get("href") or "#").startswith("#")
        assert not [name for name in attributes if name.startswith("on")]
    style = re.sub(r"<script.*?</script>", "", report(), flags=re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style


def test_policy_admits_exactly_the_two_scripts(page: Page) -> None:
    policy = next(
        str(a["content"]) for tag, a in page.elements if tag == "meta" and "http-equiv" in a
    )
    admitted = re.findall(r"'sha256-([^']+)'", policy)
    code = [text for attributes, text in page.scripts if "id" not in attributes]
    hashes = [base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in code]
    assert admitted == hashes
    assert "default-src 'none'" in policy


def test_sections_stand_in_order_verdict_first(page: Page) -> None:
    found = [str(a["id"]) for tag, a in page.elements if tag == "section" and "id" in a]
    assert [name for name in found if not name.startswith("table-")] == list(SECTIONS)


@pytest.mark.parametrize("further", [(), ("policy_choices",)])
def test_sections_are_numbered_without_gap_or_double(further: tuple[str, ...]) -> None:
    evidence, _ = sample_evidence()
    columns = (Column(name="policy", title="Policy"),)
    tables = tuple(Table(name=n, title=n, columns=columns, rows=(("calm",),)) for n in further)
    text = report(replace(evidence, tables=(*evidence.tables, *tables)))
    contents, body = text.split("</nav>", 1)
    for part in (contents, body):
        numbers = [int(n) for n in re.findall(r'<span class="no">(\d+)</span>', part)]
        assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == 9 + len(further)


def test_every_table_is_there_in_full(page: Page) -> None:
    evidence, _ = sample_evidence(hostile=True)
    for table in evidence.tables:
        assert page.rows[f"table-{table.name}"] >= len(table) + 1


def test_hostile_names_are_text_everywhere(hostile_text: str, page: Page) -> None:
    assert "<script>alert" not in hostile_text
    assert "&lt;script&gt;alert" in hostile_text
    assert HOSTILE in {item["market"] for item in json.loads(page.script("series"))["series"]}
    labels = json.dumps(json.loads(page.script("figures")))
    assert "<script" not in labels  # plotly reads labels as HTML: they are escaped once more
    assert "&lt;script" in labels


def test_hostile_title_label_and_note_are_text() -> None:
    evidence, parameters = sample_evidence(label=f"SYNTHETIC {HOSTILE}</style>")
    title = f'"; }} </title>{HOSTILE}'
    text = html_report(evidence, parameters, title=title, generated_note=HOSTILE)
    page = Page(text)
    assert "<script>alert" not in text
    assert len(page.scripts) == 4
    assert sum(tag == "style" for tag, _ in page.elements) == 1


def test_label_stands_on_band_tables_figures_and_every_printed_page(hostile_text: str) -> None:
    assert '<div class="band synthetic" role="note">' in hostile_text
    tables = hostile_text.count('<section class="table-block')
    figures = hostile_text.count("<figcaption>")
    assert tables == 11
    assert figures == 5
    assert hostile_text.count(f"Price source: {LABEL}</li>") == tables
    assert hostile_text.count(f"Price source: {LABEL}</figcaption>") == figures
    assert f"@bottom-left {{ content: {css_string('Price source: ' + LABEL)}; }}" in hostile_text
    assert '<div class="band" role="note">' in report(label=SPOT_LABEL)


@pytest.mark.parametrize(
    ("options", "word", "css"),
    [({}, "NOT PROVEN", "not_proven"), ({"breach": True}, "BREACH", "breach")],
)
def test_verdict_is_the_first_word_of_the_first_section(
    options: dict[str, bool], word: str, css: str
) -> None:
    text = report(**options)
    first = text.index('<section id="verdict"')
    box = f'<div class="verdict verdict-{css}">\n    <div class="word">{word}</div>'
    assert box in text[first:]
    assert first < text.index('<section id="parameters"')
    for check in sample_evidence(**options)[0].checks:  # type: ignore[arg-type]
        assert html.escape(check.found, quote=False) in text.replace("&#39;", "'")
        assert html.escape(check.demanded, quote=False) in text.replace("&#39;", "'")


def test_key_figures_come_from_the_tables() -> None:
    evidence, _ = sample_evidence()
    figures = {figure.title: figure for figure in key_figures(evidence)}
    pooled = next(iter(evidence.table("coverage_pooled")))
    coverage = 100 * (1 - float(str(pooled["breach_rate"])))
    calls = [float(str(value)) for value in evidence.table("procyclicality").column("call_5d")]
    assert figures["Markets calibrated"].value == "8"
    assert figures["Pooled coverage"].value == f"{coverage:.2f}"
    assert figures["Pooled coverage"].about.startswith("s.e. 0.060")
    assert figures["Largest 5-day call"].value == f"{100 * max(calls):.2f}"
    assert figures["Data findings"].value == "40"


def test_evidence_without_tables_series_checks_and_limits_is_still_a_page() -> None:
    _, parameters = sample_evidence()
    bare = Evidence(parameter_set_id=parameters.id, label=LABEL, checks=(), tables=())
    text = html_report(bare, parameters, title="Bare")
    assert "No check was made, so nothing is proven." in text
    assert "This evidence holds no series" in text
    assert {figure.value for figure in key_figures(bare)} == {"–"}
    assert 'id="series"' not in text


def test_a_name_that_two_tables_share_loses_neither() -> None:
    evidence, _ = sample_evidence()
    twin = replace(evidence.table("coverage"), title="Coverage, second venue")
    text = report(replace(evidence, tables=(*evidence.tables, twin)))
    assert "Coverage by market and side" in text
    assert "Coverage, second venue" in text


def test_same_inputs_same_page() -> None:
    assert report() == report()


def test_evidence_of_another_set_is_refused() -> None:
    evidence, parameters = sample_evidence()
    with pytest.raises(UsageError, match=r"evidence\.parameter_set_id"):
        html_report(evidence, replace(parameters, seed=8), title="x")


def test_fifty_markets_over_1250_days_stay_under_12_megabytes() -> None:
    text = report(markets=50, days=1_250, findings=200)
    assert len(text.encode("utf-8")) < 12_000_000


def test_changes_are_signed_and_joined_to_errors_and_origin() -> None:
    evidence, _ = sample_evidence()
    joined = with_origins(evidence, evidence.table("before_after"))
    names = [column.name for column in joined.columns]
    assert names[-4:] == ["maintenance_se", "initial_se", "origin", "reason"]
    parameters = {r["market"]: r for r in evidence.table("parameters") if r["tier"] == 1}
    for row in joined:
        assert row["maintenance_se"] == parameters[row["market"]]["maintenance_se"]
        assert row["origin"] == parameters[row["market"]]["origin"]
    counts = Table(
        name="c",
        title="C",
        columns=(Column(name="changes", title="Changes", kind=ColumnKind.COUNT),),
        rows=((3,),),
    )
    assert table_view(counts).rows[0][0].text == "3"
    texts = [row[names.index("change")].text for row in table_view(joined).rows]
    assert {text[0] for text in texts} <= {"+", "\N{MINUS SIGN}", "–", "0"}


def test_small_p_values_are_bold_and_zones_have_marks() -> None:
    table = Table(
        name="coverage",
        title="T",
        columns=(
            Column(name="kupiec_p", title="p", kind=ColumnKind.NUMBER, digits=3),
            Column(name="zone", title="Zone"),
        ),
        rows=((0.009, "red"), (0.011, "yellow"), (None, "unknown")),
    )
    rows = table_view(table).rows
    assert [row[0].css for row in rows] == ["number rejected", "number", "number"]
    assert [row[1].chip for row in rows] == ["zone-red", "zone-yellow", ""]


def test_json_block_and_css_string_cannot_leave_their_element() -> None:
    nasty = "</script><!--\u2028'\"\\"
    block = json_block({"x": nasty, "n": float("inf")})
    assert not re.search(r"[<>&\u2028]", block)
    assert json.loads(block) == {"x": nasty, "n": None}
    assert re.fullmatch(r'"(?:[A-Za-z0-9]|\\[0-9a-f]+ )*"', css_string(f"{nasty}\n</style>"))


def test_a_script_that_would_end_its_element_is_refused() -> None:
    with pytest.raises(UsageError, match="inline script"):
        inline_script("x = '</SCRIPT>'")


def test_plotly_itself_is_never_imported() -> None:
    code = (
        "import sys; import plimsoll.report.assets as a; a.plotly_source();"
        "sys.exit('plotly' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_markets_without_a_number_are_not_counted_as_calibrated() -> None:
    evidence, _ = sample_evidence()
    table = evidence.table("parameters")
    at = [column.name for column in table.columns].index("maintenance_rate")
    gone = tuple(
        (*row[:at], None, *row[at + 1 :]) if row[0] == table.rows[0][0] else row
        for row in table.rows
    )
    figure = key_figures(replace(evidence, tables=(replace(table, rows=gone),)))[0]
    assert (figure.value, figure.about) == ("7", "21 tiers; 1 without a number")
