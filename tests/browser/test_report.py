"""The report in a real browser: it draws, answers, prints, and asks nothing of the network."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from plimsoll.report import html_report
from report_evidence import HOSTILE, sample_evidence

READY = "html[data-report=ready]"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    # Chromium refuses its sandbox to the superuser, as containers usually run; nobody else.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield started
        started.close()


@pytest.fixture(scope="module")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    evidence, parameters = sample_evidence(markets=10, days=400, hostile=True)
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html_report(evidence, parameters, title="Margin parameters"), "utf-8")
    return path


class Opened:
    """A page with all it complained of and all it asked for."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        page.goto(path.as_uri())


@pytest.fixture(scope="module")
def opened(browser: Browser, report_file: Path) -> Opened:
    shown = Opened(browser.new_page(viewport={"width": 1440, "height": 900}), report_file)
    shown.page.wait_for_selector(READY, timeout=30_000)
    return shown


def test_draws_every_picture_without_a_complaint(opened: Opened) -> None:
    kinds = opened.page.eval_on_selector_all(
        ".js-plotly-plot", "plots => plots.map(p => p.dataset.figure ?? p.id)"
    )
    assert kinds == ["explorer-plot", "coverage-0", "coverage-1", "cost", "calls"]
    assert opened.page.locator(".js-plotly-plot .main-svg").first.is_visible()
    assert opened.complaints == []


def test_asks_nothing_but_the_file_itself(opened: Opened, report_file: Path) -> None:
    assert opened.requests == [report_file.as_uri()]


def test_offers_no_upload_and_saves_pictures_locally(opened: Opened, tmp_path: Path) -> None:
    page, button = opened.page, ".modebar-btn"
    offered = page.eval_on_selector_all(button, "all => all.map(b => b.dataset.title)")
    assert set(offered) == {"Download plot", "Zoom", "Pan", "Reset axes"}
    with page.expect_download() as saved:
        page.locator(f"#explorer-plot {button}").first.click(force=True)
    saved.value.save_as(tmp_path / "plot.svg")
    written = "".join(ElementTree.parse(tmp_path / "plot.svg").getroot().itertext())
    assert "Price source: SYNTHETIC" in written
    assert page.input_value("#choose-market") in written


def test_policy_of_the_page_stops_what_would_ask(opened: Opened) -> None:
    blocked = opened.page.evaluate(
        "fetch('http://127.0.0.1:9/').then(() => 'reached', error => error.constructor.name)"
    )
    violation = [c for c in opened.complaints if "Content Security Policy" in c]
    opened.complaints.clear()
    assert blocked == "TypeError"
    assert violation


def test_draws_each_breach_of_the_chosen_series(opened: Opened) -> None:
    evidence, _ = sample_evidence(markets=10, days=400, hostile=True)
    page = opened.page
    for item in evidence.series[4:8]:
        page.select_option("#choose-market", item.market)
        page.select_option("#choose-side", item.side)
        page.wait_for_function(
            "name => document.getElementById('explorer-plot').dataset.shown === name",
            arg=f"{item.market}|{item.side}|{item.horizon}",
        )
        margin, found = page.evaluate(
            "(() => { const d = document.getElementById('explorer-plot').data;"
            " return [Array.from(d[1].y), d[2].x.length]; })()"
        )
        assert found == int(item.breaches.sum())
        # float32 keeps 24 bits: relative rounding at most 2**-24
        assert margin == pytest.approx(list(100.0 * item.margin), rel=2**-23)
        assert f"{item.market} {item.side}" in page.inner_text("#explorer-summary")


def test_hostile_names_are_printed_not_run(opened: Opened) -> None:
    page = opened.page
    page.select_option("#choose-market", HOSTILE)
    page.wait_for_function(
        "name => document.getElementById('explorer-plot').dataset.shown.startsWith(name)",
        arg=HOSTILE,
    )
    assert page.locator(f"td:text-is({HOSTILE!r})").count() > 0
    assert HOSTILE in str(page.text_content("#explorer-plot .gtitle"))
    assert opened.complaints == []


def test_tables_sort_by_number_and_filter_by_word(opened: Opened) -> None:
    page, rate = opened.page, "#table-coverage td:nth-child(7)"
    head = page.locator("#table-coverage th", has_text="Breach rate")
    head.click()
    rising = [float(text) for text in page.locator(rate).all_inner_texts()]
    head.press("Enter")
    falling = [float(text) for text in page.locator(rate).all_inner_texts()]
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)
    page.fill("#table-findings .filter", "Unit slip")
    kinds = page.locator("#table-findings tbody tr:visible td:nth-child(2)").all_inner_texts()
    assert kinds
    assert set(kinds) == {"unit slip"}
    assert page.inner_text("#table-findings .count") == f"{len(kinds)} of 40 rows"
    page.fill("#table-findings .filter", "")


@pytest.mark.parametrize("width", [1440, 820, 390])
def test_never_scrolls_sideways(browser: Browser, report_file: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(report_file.as_uri())
    page.wait_for_selector(READY, timeout=30_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_without_script_pictures_and_tables_remain(browser: Browser, report_file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report_file.as_uri())
    drawings = page.locator("svg.drawing")
    assert drawings.count() == 5
    assert all(drawings.nth(i).is_visible() for i in range(5))
    assert not page.locator("#explorer").is_visible()
    assert page.locator("#table-coverage tbody tr").count() == 20
    context.close()


@pytest.mark.parametrize("width", [1440, 500])
def test_what_scrolls_says_so_and_no_line_is_cut(
    browser: Browser, report_file: Path, width: int
) -> None:
    """A shadow on every box that scrolls; the price source above a picture or below it."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(report_file.as_uri())
    page.wait_for_selector(READY, timeout=30_000)
    plain = page.eval_on_selector_all(
        "main *",
        "all => all.filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0"
        " && /auto|scroll/.test(getComputedStyle(e).overflowX)"
        " && !getComputedStyle(e).backgroundAttachment.includes('local')).map(e => e.className)",
    )
    assert plain == []
    title = page.locator("#explorer-plot .gtitle").bounding_box()
    plot = page.locator("#explorer-plot").bounding_box()
    assert title is not None
    assert plot is not None
    assert title["x"] + title["width"] <= plot["x"] + plot["width"]
    told = str(page.text_content("#explorer"))
    assert told.count("Price source: SYNTHETIC") == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_prints_pages_with_their_label(opened: Opened, tmp_path: Path, paper: str) -> None:
    path = tmp_path / "report.pdf"
    opened.page.pdf(path=path, format=paper)
    body = path.read_bytes()
    assert body.startswith(b"%PDF-")
    assert 5 <= len(re.findall(rb"/Type\s*/Page\b", body)) <= 15


def test_print_fits_the_narrower_paper(browser: Browser, report_file: Path) -> None:
    # Chromium shrinks a whole document whose content is wider than the page.
    content_width = round((210 - 2 * 13) / 25.4 * 96)  # A4 less the margins of @page, in CSS px
    page = browser.new_page(viewport={"width": content_width, "height": 1000})
    page.goto(report_file.as_uri())
    page.wait_for_selector(READY, timeout=30_000)
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= content_width
    page.close()


def test_print_shows_drawn_pictures_and_every_row(opened: Opened) -> None:
    page = opened.page
    page.fill("#table-findings .filter", "unit slip")
    page.emulate_media(media="print")
    assert page.locator("svg.drawing:visible").count() == 5
    assert page.locator(".js-plotly-plot:visible").count() == 0
    assert page.locator("#table-findings tbody tr:visible").count() == 40
    page.emulate_media(media="screen")
    page.fill("#table-findings .filter", "")
