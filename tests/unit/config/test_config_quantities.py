"""What a person meant; the expected numbers are worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.config.quantities import Measure, intended


@pytest.mark.parametrize(
    ("text", "measure", "meant"),
    [
        ("1%", Measure.FRACTION, "0.01"),
        ("1.0%", Measure.FRACTION, "0.01"),
        ("0,5 %", Measure.FRACTION, "0.005"),
        ("5bp", Measure.FRACTION, "0.0005"),
        ("2.5 bps", Measure.FRACTION, "0.00025"),
        ("0.95", Measure.FRACTION, "0.95"),
        ("8h", Measure.HOURS, "8"),
        ("2 days", Measure.HOURS, "48"),
        ("1y", Measure.DAYS, "365"),
        ("48h", Measure.DAYS, "2"),
        ("$50,000", Measure.USD, "50000"),
        ("50k", Measure.USD, "50000"),
        ("1.5M", Measure.USD, "1500000"),
        ("2bn", Measure.USD, "2000000000"),
        ("20x", Measure.LEVERAGE, "20"),
        ("8h", Measure.USD, None),
        ("soon", Measure.DAYS, None),
        ("", Measure.NUMBER, None),
        ("1.2.3", Measure.NUMBER, None),
        ("1e400", Measure.NUMBER, None),
    ],
)
def test_intended(text: str, measure: Measure, meant: str | None) -> None:
    assert intended(text, measure) == meant


@given(st.text(max_size=40), st.sampled_from(list(Measure)))
def test_any_text_gives_a_number_or_nothing(text: str, measure: Measure) -> None:
    meant = intended(text, measure)
    assert meant is None or isinstance(float(meant), float)
