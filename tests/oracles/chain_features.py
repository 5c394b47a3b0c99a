"""What the volatility estimators find on every shared chain, worked out once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from real_chains import fits_of_all_chains
from scipy.special import ndtr

from plimsoll.domain.smile_quotes import SmileQuotes
from plimsoll.domain.surface import VolSurface
from plimsoll.estimators.implied.features import SurfaceFeatures, surface_features
from plimsoll.estimators.implied.term_structure import TermStructure, expiry_term_structure
from plimsoll.estimators.implied.variance_strip import Truncation
from plimsoll.estimators.implied.vol_index import VolIndex, surface_vol_index, vol_index
from plimsoll.estimators.surface.fit_result import SurfaceFit
from plimsoll.estimators.surface.query import at_moneyness
from worked_out_once import Once

TENORS = (1.0, 3.0, 7.0, 14.0, 30.0, 60.0, 90.0, 180.0, 270.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFeatures:
    """One chain: features and term structure of its surface, and its indices four ways."""

    coin: str
    at_ns: int
    features: SurfaceFeatures
    structure: TermStructure
    mark_vol_30: float  # the venue's own mark volatility at the money, 30 d, vol points
    index: VolIndex  # of the chain's quotes
    index_tails: VolIndex  # with flat-volatility tails
    index_surface: VolIndex  # of the fitted surface, all strikes
    index_refitted: VolIndex  # of the surface's prices at the strikes the chain quotes


@dataclass(frozen=True, slots=True, kw_only=True)
class Chains:
    """Folder of the shared chains, and where what is found on them is kept."""

    folder: Path
    once: Once


@lru_cache(maxsize=1)
def all_chains(chains: Chains) -> tuple[ChainFeatures, ...]:
    """Every shared chain in order of time."""

    def make() -> tuple[ChainFeatures, ...]:
        fits = fits_of_all_chains(chains.folder, chains.once)
        return tuple(_features(quotes, fit) for quotes, fit in fits)

    return chains.once("features-of-all-chains", make)


def of_coin(chains: Chains, coin: str) -> list[ChainFeatures]:
    return [one for one in all_chains(chains) if one.coin == coin]


def _features(quotes: SmileQuotes, fit: SurfaceFit) -> ChainFeatures:
    surface = fit.surface
    assert surface is not None
    return ChainFeatures(
        coin=quotes.chain.pair.base,
        at_ns=quotes.chain.at_ns,
        features=surface_features(surface, TENORS),
        structure=expiry_term_structure(surface),
        mark_vol_30=_mark_vol(quotes, 30.0),
        index=vol_index(quotes),
        index_tails=vol_index(quotes, truncation=Truncation.FLAT_VOL),
        index_surface=surface_vol_index(surface),
        index_refitted=vol_index(_at_model_prices(quotes, surface)),
    )


def _mark_vol(quotes: SmileQuotes, days: float) -> float:
    """Mark volatility of out-of-the-money rows, linear in k to the money, then total variance
    linear in calendar time; expiries of a day and more."""
    chain, years, variance = quotes.chain, [], []
    for expiry, summary in quotes.expiries.items():
        rows = (chain.expiry_ns == expiry) & (chain.mark_vol > 0)
        rows &= chain.is_call == (chain.strike >= quotes.forward)
        if rows.sum() >= 3 and summary.tau_years * 365 >= 1.0:
            order = np.argsort(quotes.log_moneyness[rows])
            k, vol = quotes.log_moneyness[rows][order], chain.mark_vol[rows][order]
            years.append(summary.tau_years)
            variance.append(np.interp(0.0, k, vol) ** 2 * summary.tau_years)
    return 100 * float(np.sqrt(np.interp(days / 365, years, variance) / (days / 365)))


def _at_model_prices(quotes: SmileQuotes, surface: VolSurface) -> SmileQuotes:
    """The chain with the surface's coin prices in place of every two-sided quote."""
    chain = quotes.chain
    listed = np.isin(chain.expiry_ns, surface.expiries_ns) & np.isfinite(quotes.log_moneyness)
    price = np.full(len(chain), np.nan)
    k = quotes.log_moneyness[listed]
    values = at_moneyness(surface, k, chain.expiry_ns[listed])
    deviation = np.sqrt(values.total_variance)
    side = np.where(chain.is_call[listed], 1.0, -1.0)
    d1 = -k / deviation + 0.5 * deviation
    price[listed] = side * (ndtr(side * d1) - np.exp(k) * ndtr(side * (d1 - deviation)))
    two_sided = (chain.bid > 0) & (chain.ask >= chain.bid)
    price = np.where(two_sided, price, np.nan)
    return replace(quotes, chain=replace(chain, bid=price, ask=price))
