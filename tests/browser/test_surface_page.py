"""The page of a surface in a real browser: it draws, fits narrow screens, and asks for nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import plimsoll
from plimsoll.report.surface_page import surface_page
from plimsoll.sandbox.option_chain import option_chains
from surface_views import HOSTILE, hostile_page

READY = "html[data-report=ready]"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield started
        started.close()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = surface_page([hostile_page()], title=HOSTILE, source=f"SYNTHETIC {HOSTILE}")
    path = tmp_path_factory.mktemp("surface") / "surface.html"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture(scope="module")
def many_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("surfaces") / "surfaces.html"
    chains = [item.chain for item in option_chains(1, 3)]
    named = [replace(chain, source=f"SYNTHETIC {HOSTILE}") for chain in chains]
    plimsoll.surfaces(named).to_html(path)
    return path


class Opened:
    """A page with all it complained of and all it asked for."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        # Warnings of a software renderer about its own speed are none of the page's.
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        page.goto(path.as_uri())
        page.wait_for_selector(READY, timeout=60_000)


@pytest.fixture(scope="module")
def opened(browser: Browser, page_file: Path) -> Opened:
    return Opened(browser.new_page(viewport={"width": 1440, "height": 900}), page_file)


def test_draws_every_picture_without_an_error(opened: Opened) -> None:
    drawn = opened.page.eval_on_selector_all(
        ".js-plotly-plot", "plots => plots.map(p => p.dataset.figure)"
    )
    whole = ["surface", "term", "residuals", "density", "forward"]
    names = [*whole, *(f"smile-{i}" for i in range(11))]
    assert drawn == [f"0-{name}" for name in names]
    assert opened.page.locator("[data-figure='0-surface'] canvas").count() > 0
    assert opened.complaints == []


def test_asks_nothing_but_the_file_itself(opened: Opened, page_file: Path) -> None:
    asked = [url for url in opened.requests if not url.startswith(("data:", "blob:"))]
    assert asked == [page_file.as_uri()]


def test_hostile_names_are_printed_not_run(opened: Opened) -> None:
    assert HOSTILE in opened.page.inner_text("#chain-0 h2")
    title = str(opened.page.text_content("[data-figure='0-term'] .gtitle"))
    assert title == f"Price source: SYNTHETIC {HOSTILE}"
    assert opened.page.locator("img").count() == 0


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_of_many_surfaces(browser: Browser, many_file: Path, width: int) -> None:
    """Every picture once, live; no error, no scrolling sideways, no name run."""
    shown = Opened(browser.new_page(viewport={"width": width, "height": 800}), many_file)
    both = shown.page.eval_on_selector_all(
        "figure.history",
        "all => all.map(f => [f.querySelector('.live').offsetHeight > 0,"
        " f.querySelector('.printed').offsetHeight > 0])",
    )
    assert both == [[True, False]] * 3
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= width
    assert shown.page.locator("img").count() == 0
    assert shown.complaints == []
    shown.page.close()


@pytest.mark.parametrize("width", [1440, 820, 390])
def test_never_scrolls_sideways(browser: Browser, page_file: Path, width: int) -> None:
    shown = Opened(browser.new_page(viewport={"width": width, "height": 800}), page_file)
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= width
    assert shown.complaints == []
    shown.page.close()


def test_a_narrow_screen_shows_each_picture_once(browser: Browser, page_file: Path) -> None:
    shown = Opened(browser.new_page(viewport={"width": 390, "height": 800}), page_file)
    both = shown.page.eval_on_selector_all(
        "#chain-0 figure",
        "all => all.map(f => [f.querySelector('.live').offsetHeight > 0,"
        " f.querySelector('.printed').offsetHeight > 0])",
    )
    assert len(both) == 16
    assert all(live != printed for live, printed in both)
    # Live smiles keep a legible width, and their letters their size.
    width = shown.page.locator("[data-figure='0-smile-0']").bounding_box()
    assert width is not None
    assert width["width"] > 300
    shown.page.close()


def test_without_script_drawings_and_tables_remain(browser: Browser, page_file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    drawings = page.locator("svg.drawing")
    assert drawings.count() == 16
    assert all(drawings.nth(i).is_visible() for i in range(16))
    context.close()


OUTSIDE = """
svgs => svgs.flatMap(svg => {
  const edge = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter(t => {
    const box = t.getBoundingClientRect();
    return box.left < edge.left - 0.5 || box.right > edge.right + 0.5
      || box.top < edge.top - 0.5 || box.bottom > edge.bottom + 0.5;
  }).map(t => `${svg.getAttribute("aria-label")}: ${t.textContent}`);
})
"""


@pytest.mark.parametrize("width", [1280, 390])
def test_no_letter_lies_outside_its_drawing(browser: Browser, page_file: Path, width: int) -> None:
    """Every text box of every drawing within its edges, and the drawn surface on the screen."""
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": width, "height": 900}
    )
    page = context.new_page()
    page.goto(page_file.as_uri())
    page.wait_for_selector("svg.drawing")
    drawings = page.locator("svg.drawing")
    assert drawings.count() == 16
    assert drawings.locator("text").count() > 16
    assert drawings.evaluate_all(OUTSIDE) == []
    whole = page.locator("figure.surface svg.drawing").bounding_box()
    assert whole is not None
    assert whole["x"] >= 0.0
    assert whole["x"] + whole["width"] <= width
    context.close()


NO_WEBGL = """
const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind.includes("webgl") ? null : get.call(this, kind, ...rest);
};
"""


def test_without_webgl_the_drawn_surface_stays(browser: Browser, page_file: Path) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.add_init_script(NO_WEBGL)
    shown = Opened(page, page_file)
    picture = page.locator("figure.surface")
    assert not picture.locator(".live").is_visible()
    assert picture.locator("svg.drawing").is_visible()
    assert page.locator("[data-figure='0-term'] .main-svg").first.is_visible()
    assert shown.complaints == []
    page.close()


def test_print_shows_drawn_pictures(opened: Opened, tmp_path: Path) -> None:
    page = opened.page
    page.emulate_media(media="print")
    assert page.locator("svg.drawing:visible").count() == 16
    assert page.locator(".js-plotly-plot:visible").count() == 0
    page.emulate_media(media="screen")
    path = tmp_path / "surface.pdf"
    page.pdf(path=path, format="A4")
    assert path.read_bytes().startswith(b"%PDF-")
