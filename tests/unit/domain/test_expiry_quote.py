"""What an expiry's quote refuses, and how a settlement average splits."""

from __future__ import annotations

import pytest

from plimsoll.domain.expiry_quote import ExpiryQuote, averaged
from plimsoll.errors import DataFormatError


def test_the_forward_is_what_floats_and_what_is_fixed() -> None:
    assert ExpiryQuote(floating=30.0, fixed=80.0).forward == 110.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"floating": -1.0},
        {"floating": 1.0, "fixed": -1.0},
        {"floating": 1.0, "confidence": 1.01},
        {"floating": 1.0, "rate_confidence": -0.01},
        {"floating": 1.0, "vol_confidence": float("nan")},
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(DataFormatError, match="ExpiryQuote"):
        ExpiryQuote(**wrong)


@pytest.mark.parametrize(
    ("seconds", "floating", "fixed"),
    # Half an hour's average: 100 is the forward, 90 the mean so far.
    [(1800.0, 100.0, 0.0), (900.0, 50.0, 45.0), (18.0, 1.0, 89.1), (0.0, 0.0, 90.0)],
)
def test_a_settlement_average_fixes_share_by_share(
    seconds: float, floating: float, fixed: float
) -> None:
    assert averaged(100.0, 90.0, seconds) == pytest.approx((floating, fixed), rel=1e-15)
