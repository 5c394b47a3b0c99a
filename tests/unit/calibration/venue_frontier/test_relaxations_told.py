"""What a relaxation says: both ends of a band, the limit as stated, and what would do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_venue_frontier import LIMITS, TERMS

from plimsoll.calibration.venue_frontier.constraints import (
    FUND,
    PEAK,
    REACTION,
    UNCOVERED,
    YEARS,
    Shortfall,
    infeasibility,
    shortfalls,
)


def test_both_ends_of_a_band_are_named_where_both_are_broken() -> None:
    """One calendar year broke too often, another too seldom: either wish alone would not do."""
    years = {2022: 0.0069, 2023: 0.0065, 2024: 0.0149, 2025: 0.0001}
    broken = shortfalls(replace(TERMS, years=years), LIMITS)
    ends = {(one.kind, one.found) for one in broken}
    assert ends == {(YEARS, 0.0001), (YEARS, 0.0149)}
    told = infeasibility({"a": broken, "b": (replace(broken[0], excess=9.0), FUND_SHORT)})
    assert "every year of at least" in told
    assert "0.01% would do" in told
    assert "every year of at most" in told
    assert "1.49% would do" in told
    assert "(b)" not in told  # one kind is fewer than two, however many of its ends
    assert "peak" not in told


FUND_SHORT = Shortfall(kind=FUND, found=1_234_567.2, limit=1_000_000.5, excess=0.23)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Shortfall(kind=PEAK, found=1.7093, limit=1.001, excess=1.0), "1.001: 1.71 would do"),
        (
            Shortfall(kind=UNCOVERED, found=3.11112e-6, limit=2e-6, excess=0.5),
            "0.0002%: 0.0003112%",
        ),
        (Shortfall(kind=REACTION, found=0.05, limit=1.1 * 0.01, excess=1.0), "at most 1.1%: 5%"),
        (Shortfall(kind=YEARS, found=0.00599996, limit=0.007, excess=0.1), "least 0.7%: 0.5999%"),
        (FUND_SHORT, "at most 1,000,000.5 USD: 1,235,000 USD"),
        (Shortfall(kind=YEARS, found=0.0, limit=0.007, excess=1.0), "at least 0.7%: 0% would"),
    ],
)
def test_what_is_told_shows_the_limit_and_would_do(fault: Shortfall, told: str) -> None:
    assert told in infeasibility({"a": (fault,)})
