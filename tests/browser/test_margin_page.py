"""The page of a margin run in a real browser: it draws, fits narrow screens, asks for nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

import plimsoll
from plimsoll.sandbox.option_chain import option_chain

READY = "html[data-report=ready]"
HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield started
        started.close()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = option_chain(1).chain
    chain = replace(
        made,
        pair=replace(made.pair, base="BTC"),
        settle="BTC",
        names=tuple(name.replace("HELM", "BTC") for name in made.names),
        source=f"SYNTHETIC {HOSTILE}",
    )
    book = [
        {"account": HOSTILE, "positions": {"BTC-PERPETUAL": 10, "BTC-26SEP25-120000-C": -5},
         "collateral": {"BTC": 3}},
        {"account": "poor", "positions": {"BTC-PERPETUAL": 1}, "collateral": {"BTC": 0.01}},
        {"account": "strange", "positions": {HOSTILE: 1}},
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("margin") / "margin.html"
    plimsoll.margin_book(book, preset="deribit", market=chain).to_html(path)
    return path


@pytest.mark.parametrize("width", [1400, 500, 390])
def test_draws_once_never_scrolls_sideways_asks_nothing(
    browser: Browser, page_file: Path, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    page.wait_for_selector(READY, timeout=60_000)
    both = page.eval_on_selector_all(
        "figure",
        "all => all.map(f => [f.querySelector('.live').offsetHeight > 0,"
        " f.querySelector('.printed').offsetHeight > 0])",
    )
    assert both == [[True, False]] * 2
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [page_file.as_uri()]
    assert complaints == []
    assert page.locator("img").count() == 0
    words = page.locator(".verdict .word").all_inner_texts()
    assert words == ["BREACH", "HOLDS", "BREACH", "NO NUMBER"]  # of all of them, then of each
    page.close()


def test_without_script_the_drawings_remain(browser: Browser, page_file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    drawings = page.locator("svg.drawing")
    assert drawings.count() == 2
    assert all(drawings.nth(i).is_visible() for i in range(2))
    context.close()
