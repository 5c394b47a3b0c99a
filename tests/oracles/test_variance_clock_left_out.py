"""What the variance clock is worth: surfaces refitted without a daily expiry, asked for it.

Weights come, at each snapshot, from the snapshots before it alone.
"""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from real_chains import surfaces_of_all_chains

from plimsoll.domain.option_chain import OptionChain
from plimsoll.domain.surface import CALENDAR, VarianceClock, VolSurface
from plimsoll.estimators.implied.term_structure import TermStructure, expiry_term_structure
from plimsoll.estimators.surface.fit import fit_surface
from plimsoll.estimators.surface.query import at_moneyness
from plimsoll.estimators.surface.settings import SurfaceSettings
from plimsoll.estimators.vol_shocks.variance_clock import estimate_variance_clock
from plimsoll.journeys.chain_reading import read_snapshots
from plimsoll.journeys.surface_clock import NEIGHBOUR_DAYS
from plimsoll.marketdata.chains import prepare_chain
from plimsoll.maths.variance_clock import DAY_NS
from worked_out_once import Once

LEAST_SURFACES = 60


def without(chain: OptionChain, expiry_ns: int) -> OptionChain:
    """The chain without one expiry."""
    rows = np.flatnonzero(chain.expiry_ns != expiry_ns)
    columns = {
        column.name: np.array(getattr(chain, column.name)[rows])
        for column in fields(chain)
        if isinstance(getattr(chain, column.name), np.ndarray)
    }
    return replace(chain, names=tuple(chain.names[row] for row in rows), **columns)


def daily_expiries(surface: VolSurface) -> list[int]:
    """Expiries with neighbours at most two days away on both sides."""
    listed = np.array(surface.expiries_ns)
    near = np.diff(listed) <= NEIGHBOUR_DAYS * DAY_NS
    return [int(expiry) for expiry in listed[1:-1][near[:-1] & near[1:]]]


def refitted_errors(chain: OptionChain, surface: VolSurface, clock: VarianceClock) -> list[float]:
    """Volatility at the forward of each left-out expiry, less that of the surface with it."""
    out = []
    for expiry in daily_expiries(surface):
        quotes = prepare_chain(without(chain, expiry))
        refitted = fit_surface(quotes, settings=SurfaceSettings(clock=clock)).surface
        assert refitted is not None
        vols = [at_moneyness(s, 0.0, expiry).volatility for s in (refitted, surface)]
        out.append(float(vols[0] - vols[1]))
    return out


@pytest.mark.slow
def test_a_clock_of_earlier_snapshots_finds_left_out_expiries_better(
    market_data_dir: Path,
    once: Once,
) -> None:
    """Root mean square 44 % less over all of them, the median 33 %; bounds leave a third."""
    pattern = str(market_data_dir / "options" / "deribit_chains_*.parquet")
    chains = {
        (label, chain.at_ns): chain
        for label, mine in read_snapshots(pattern).items()
        for chain in mine
    }
    history: list[tuple[int, TermStructure]] = []
    errors: dict[str, list[float]] = {"calendar": [], "clock": []}
    for place, record in enumerate(
        surfaces_of_all_chains(market_data_dir / "options", once).records
    ):
        if record.is_broken or record.surface is None:
            continue
        past = [structure for at, structure in history if at < record.at_ns]
        history.append((record.at_ns, expiry_term_structure(record.surface)))
        # Every third surface: the bound is far from what all show, and time is short.
        if len(past) < LEAST_SURFACES or place % 3:
            continue
        clock = estimate_variance_clock(past, replicates=2, seed=1).clock
        chain = chains[record.label, record.at_ns]
        errors["calendar"] += refitted_errors(chain, record.surface, CALENDAR)
        errors["clock"] += refitted_errors(chain, record.surface, clock)
    points = {name: 100.0 * np.array(found) for name, found in errors.items()}
    assert points["clock"].size > 200
    rms = {name: float(np.sqrt(np.mean(found**2))) for name, found in points.items()}
    median = {name: float(np.median(np.abs(found))) for name, found in points.items()}
    assert rms["clock"] < 0.7 * rms["calendar"]
    assert median["clock"] < 0.8 * median["calendar"]
