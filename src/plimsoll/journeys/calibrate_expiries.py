"""Prices of dated futures that the venue file names, and what a calibration makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from plimsoll.adapters.files import ColumnMap, TimeUnit, read_bars
from plimsoll.adapters.files.digest import bars_digest
from plimsoll.calibration.assembly.basis_rates import DatedFuture, with_basis_rates
from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.config.convert import finding_policy
from plimsoll.config.data_section import INTERVAL_MINUTES
from plimsoll.config.fields import exact_ns
from plimsoll.config.loader import VenueFile
from plimsoll.config.structure_section import DatedFutureEntry, ExpiryPricesSection
from plimsoll.domain.market import Bars, MarketHistory
from plimsoll.errors import UsageError
from plimsoll.marketdata.assembly import assemble
from plimsoll.marketdata.checking import closed_by

_MINUTE_NS = 60_000_000_000


def with_expiry_prices(
    file: VenueFile, problem: CalibrationProblem, history: MarketHistory, known_ns: int
) -> tuple[CalibrationProblem, Mapping[str, str]]:
    """Return the problem with calibrated basis rates, where the venue file names their prices.

    Beside it stands the digest of those prices, as far as they were known.

    Parameters
    ----------
    history : MarketHistory
        Of the venue's own markets, which carry the price risk.
    known_ns : int
        Instant of the set: later prices are not known.

    Raises
    ------
    UsageError
        For an underlying that is no market of the venue.
    """
    section = file.config.structure.expiry_prices
    if section is None or problem.plan is None:
        return problem, {}
    known = history.before(known_ns)
    classes = {market.symbol: market.risk_class for market in problem.markets}
    for entry in section.futures:
        if entry.underlying not in classes:
            raise UsageError(
                "must be a market of the venue", found=entry.underlying, field=entry.symbol
            )
    # Checked as the venue's own prices are: a bar known to be bad is no price.
    bars = _bars(file, section)
    checked = assemble(bars, finding_policy(file.config), until_ns=known_ns)
    dated = checked.history
    futures = [
        _dated(entry, classes[entry.underlying], dated, known)
        for entry in section.futures
        if entry.symbol in dated.markets and entry.underlying in known.markets
    ]
    plan = with_basis_rates(
        problem.plan,
        futures,
        close_out_hours={
            name: risk.maintenance_horizon_hours for name, risk in problem.classes.items()
        },
        level=problem.maintenance_level,
        known_ns=known_ns,
        seed=problem.seed,
    )
    digest = bars_digest({name: closed_by(found, known_ns) for name, found in bars.items()})
    return replace(problem, plan=plan), {"dated futures": digest}


def _bars(file: VenueFile, section: ExpiryPricesSection) -> dict[str, Bars]:
    unit = None if section.time_unit is None else TimeUnit(section.time_unit)
    columns = section.columns.model_dump(exclude_none=True)
    return dict(
        read_bars(
            file.resolve(section.path),
            section.format,
            price_kind=file.config.data.prices.price_kind,
            columns=ColumnMap(**columns, time_unit=unit),
            interval_ns=INTERVAL_MINUTES[section.interval] * _MINUTE_NS,
            symbols=tuple(entry.symbol for entry in section.futures),
        )
    )


def _dated(
    entry: DatedFutureEntry, risk_class: str, dated: MarketHistory, history: MarketHistory
) -> DatedFuture:
    """Return both legs at the closes of bars that end together."""
    ends = (dated.time_ns + dated.interval_ns, history.time_ns + history.interval_ns)
    common, here, there = np.intersect1d(*ends, return_indices=True)
    return DatedFuture(
        risk_class=risk_class,
        time_ns=common,
        near=history.usable_close()[there, history.markets.index(entry.underlying)],
        far=dated.usable_close()[here, dated.markets.index(entry.symbol)],
        expiry_ns=exact_ns(entry.expiry),
    )
