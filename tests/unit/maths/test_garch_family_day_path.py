"""Daily path of the family's models: equal to fits on what was known, and blind to the future."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.errors import ParameterError
from plimsoll.estimators.horizon.garch_path import GarchPath
from plimsoll.estimators.horizon.price_record import Boundaries, PriceRecord
from plimsoll.estimators.volatility import Egarch, Garch
from plimsoll.maths.garch_day_path import garch_day_path
from plimsoll.maths.garch_family_day_path import family_day_path
from plimsoll.maths.garch_family_fit import SKEWED, STUDENT
from plimsoll.maths.garch_family_likelihood import EGARCH, GARCH
from plimsoll.maths.garch_fit import START_SAMPLE_VARIANCE

WINDOW, MINIMUM = 400, 250
KNOWN = np.arange(240, 520, 20)


def returns_of(seed: int = 4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    log_h, out = -8.0, np.empty(520)
    for t in range(out.size):
        z = rng.standard_t(5) * np.sqrt(0.6)
        out[t] = np.exp(0.5 * log_h) * z
        log_h = -0.4 + 0.2 * (abs(z) - 0.8) - 0.05 * z + 0.95 * log_h
    return out


def path_of(
    returns: np.ndarray, kind: int, law: int, refit: int = 1, search: int = 1
) -> np.ndarray:
    return family_day_path(
        returns,
        KNOWN,
        WINDOW,
        MINIMUM,
        refit,
        search,
        kind,
        law,
        False,
        START_SAMPLE_VARIANCE,
        0.995,
    )


@pytest.mark.parametrize(
    ("kind", "law", "model"),
    [
        (EGARCH, STUDENT, Egarch(mean="zero", variance_start="sample_variance")),
        (GARCH, SKEWED, Garch(mean="zero", innovations="skewt", variance_start="sample_variance")),
    ],
)
def test_each_day_is_the_fit_on_what_it_knew(kind: int, law: int, model: Egarch | Garch) -> None:
    """Same kernel, other scaling of the window: 1e-6."""
    returns = returns_of()
    found = path_of(returns, kind, law)
    for day, known in enumerate(KNOWN):
        if known < MINIMUM:
            assert np.isnan(found[day])
            continue
        fitted = model.fit(returns[max(known - WINDOW, 0) : known])
        assert found[day] == pytest.approx(np.sqrt(fitted.variance_next), rel=1e-6)


@pytest.mark.parametrize(("kind", "law"), [(EGARCH, STUDENT), (EGARCH, SKEWED), (GARCH, SKEWED)])
def test_warm_refits_stay_near_the_searches_and_see_no_future(kind: int, law: int) -> None:
    returns = returns_of()
    searched, warm = path_of(returns, kind, law), path_of(returns, kind, law, refit=3, search=30)
    ready = ~np.isnan(searched)
    assert np.median(np.abs(warm[ready] / searched[ready] - 1.0)) < 0.05
    changed = returns.copy()
    changed[400:] *= 5.0
    early = KNOWN <= 400
    again = path_of(changed, kind, law, refit=3, search=30)
    assert np.array_equal(again[early], warm[early], equal_nan=True)
    assert not np.array_equal(again[~early], warm[~early])


def test_frozen_prices_give_no_number() -> None:
    returns = np.zeros(520)
    assert np.all(np.isnan(path_of(returns, EGARCH, STUDENT)))


@pytest.mark.parametrize(("kind", "law"), [(GARCH, STUDENT), (EGARCH, STUDENT), (GARCH, SKEWED)])
def test_look_backs_with_too_many_zeros_give_no_number(kind: int, law: int) -> None:
    """A t bears 30 % of 250: by share, not by where they stand; what follows is as it was known."""
    returns = 0.01 * np.random.default_rng(4).standard_t(5, 700)
    returns[200:500:3] = 0.0
    known = np.arange(250, 701, 10, dtype=np.int64)
    share = np.array([np.mean(returns[k - 250 : k] == 0.0) for k in known])
    arguments = (returns, known, 250, 250, 3, 30)
    if (kind, law) == (GARCH, STUDENT):
        path = garch_day_path(*arguments, False, START_SAMPLE_VARIANCE, 0.995)
    else:
        path = family_day_path(*arguments, kind, law, False, START_SAMPLE_VARIANCE, 0.995)
    assert np.array_equal(np.isnan(path), share > 0.3)
    assert 0 < np.isnan(path).sum() < path.size


def test_garch_path_takes_both() -> None:
    """Eight-hour steps of hourly prices; unknown rules are refused as before."""
    rng = np.random.default_rng(2)
    bars = 24 * 120
    price = np.cumsum(0.005 * rng.standard_t(5, bars))
    hour = 3_600 * 10**9
    known = np.arange(1, bars + 1, dtype=np.int64) * hour
    record = PriceRecord(
        market="X",
        log_price=price,
        mask_from_ns=np.full(bars, np.iinfo(np.int64).max),
        available_ns=known,
        interval_ns=hour,
    )
    days = Boundaries(
        time_ns=known[23::24], bars=np.arange(24, bars + 1, 24, dtype=np.int64), bars_per_day=24
    )
    plain = GarchPath(refit_every_days=7).path(record, days)
    for options in ({"exponential": True}, {"skewed": True}):
        path = GarchPath(refit_every_days=7, **options).path(record, days)
        assert np.array_equal(np.isnan(path), np.isnan(plain))
        ready = ~np.isnan(plain)
        assert ready.any()
        assert np.median(np.abs(path[ready] / plain[ready] - 1.0)) < 0.15
    with pytest.raises(ParameterError):
        GarchPath(exponential=True, persistence_rule="free")
