"""The panel HAR on all shared markets: the rows of `docs/realised-volatility.md`, and its verdict.

Scored by the product's own comparison over 126 markets, 2022-01 to 2025-06, 99 %. A row on the page
must read as it is computed here.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hourly_markets import compare_hourly

from plimsoll.estimators.reference.har import PanelHar
from plimsoll.estimators.reference.methods import METHODS
from plimsoll.journeys.compare_result import ComparisonResult
from worked_out_once import Once

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "realised-volatility.md"
SHARES = {"har_all": 1.0, "har_60": 0.6, "har_40": 0.4}


@pytest.fixture(scope="module")
def result(market_data_dir: Path, once: Once) -> ComparisonResult:
    with pytest.MonkeyPatch.context() as patch:
        for name, share in SHARES.items():
            made = PanelHar(name=name, share=share)
            patch.setitem(METHODS, name, lambda made=made: made)  # type: ignore[arg-type]
        return compare_hourly(market_data_dir, once, ("hs_365_buffer", "ewma_t", *SHARES))


def both(result: ComparisonResult, name: str) -> list[str]:
    """Cells of a row: breach, cost at equal coverage, FZ0, peak to trough, at 8 h / 24 h."""
    found = [result.horizon(hours).score(name) for hours in (8, 24)]
    return [
        " / ".join(f"{100 * s.pooled.rate:.2f}".removeprefix("0") for s in found),
        " / ".join(f"{s.equal_coverage_cost:.3f}".removeprefix("0") for s in found),
        " / ".join(f"{s.fz0:.3f}".replace("-", "−") for s in found),
        " / ".join(f"{s.peak_to_trough:.1f}" for s in found),
    ]


@pytest.mark.parametrize("name", list(SHARES))
def test_the_page_tells_what_is_found(result: ComparisonResult, name: str) -> None:
    share = SHARES[name]
    title = "`PanelHar()`" if share == 1.0 else f"`PanelHar(share={share:g})`"
    lines = PAGE.read_text().splitlines()
    rows = [[c.strip() for c in line.split("|")[1:-1]] for line in lines]
    assert [title, *both(result, name)] in rows


def test_the_whole_har_is_sharp_and_restless(result: ComparisonResult) -> None:
    """Better than GARCH-t POT's published -2.18 / -1.61, at far more than a cycle of 2.5."""
    for hours, published in ((8, -2.18), (24, -1.61)):
        score = result.horizon(hours).score("har_all")
        assert score.fz0 < published
        assert score.peak_to_trough > 5.0
        assert result.horizon(hours).score("har_40").peak_to_trough < 2.5
