"""Derivatives of the value of one contract in its settlement currency, per move of spot and vol.

With x the simple return of the underlying and y the relative move of volatility at 30 days, which
an option feels as ``sigma (30 / max(days, 1))^p y``:

    value(x, y) = value + price x + price_price x^2 / 2 + vol y + price_vol x y + vol_vol y^2 / 2
                  + decay (hours of the horizon).

Options by Black-76 on the forward of their expiry, of which only the floating part moves, at the
volatility of their strike (sticky strike). Of a future within its settlement window, too, only the
share that still floats moves (`plimsoll.scenarios.settlement_share`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument, Option
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.greeks.parameters import GreeksParameters
from plimsoll.margin.underlying import underlying
from plimsoll.margin.units.kept_rows import kept_rows
from plimsoll.margin.units.market_rows import MarketRows
from plimsoll.maths import payoffs
from plimsoll.maths.black76_greeks import Greeks, greeks
from plimsoll.scenarios.grid_options import OptionRows, option_rows
from plimsoll.scenarios.grid_rules import GridRules
from plimsoll.scenarios.settlement_share import floating_shares

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_HOURS_A_YEAR = 365.0 * 24.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContractGreeks:
    """(N,) columns of one long contract, settlement currency; zero where ``reason`` says why.

    Parameters
    ----------
    value, price, price_price, vol, price_vol, vol_vol, decay : (N,) float64
        See the module; ``value`` is the mark of options and spot, 0 for what is settled daily.
    reason : (N,) int64
    """

    value: FloatArray
    price: FloatArray
    price_price: FloatArray
    vol: FloatArray
    price_vol: FloatArray
    vol_vol: FloatArray
    decay: FloatArray
    reason: IntArray


def kept_greeks(
    snapshot: MarketSnapshot,
    rows: MarketRows,
    parameters: Mapping[str, GreeksParameters],
    rules: GridRules,
) -> ContractGreeks:
    """Return `contract_greeks`, rows of a listing kept where they are what they were."""
    return kept_rows(
        rows.listing,
        snapshot,
        ("contract_greeks", tuple(parameters.items()), rules),
        lambda few, at: contract_greeks(few, snapshot, rows.of(few, at), parameters, rules),
        beside=(rows.reason[:-1],),
    )


def contract_greeks(
    instruments: Mapping[str, Instrument],
    snapshot: MarketSnapshot,
    rows: MarketRows,
    parameters: Mapping[str, GreeksParameters],
    rules: GridRules,
) -> ContractGreeks:
    """Differentiate every contract; those whose row has a reason already are left at zero."""
    count = len(instruments)
    names = [f.name for f in fields(ContractGreeks) if f.name != "reason"]
    found = {name: np.zeros(count) for name in names}
    share = floating_shares(instruments, snapshot)
    reason = rows.with_reasons(
        np.where(np.isnan(share), int(MarginReason.NO_FORWARD), 0).astype(np.int64)
    )[:-1].copy()
    _fill_delta_one(found, rows, reason == 0, instruments, share)
    options = {
        market: instrument
        for (market, instrument), why in zip(instruments.items(), reason, strict=True)
        if isinstance(instrument, Option) and why == 0
    }
    if options:
        at = np.array([row for row, m in enumerate(instruments) if m in options], dtype=np.int64)
        held = option_rows(options, snapshot, rules)
        reason[at] = held.reason
        known = held.reason == 0
        _fill_options(found, at[known], _only(held, known), _of(options, known, parameters))
    marked = np.where(np.isfinite(rows.mark), rows.mark, 0.0)[:-1] * rows.size[:-1]
    found["value"] = np.where(rows.has_value[:-1] & (reason == 0), marked, 0.0)
    return ContractGreeks(reason=reason, **found)


def _fill_delta_one(
    found: dict[str, FloatArray],
    rows: MarketRows,
    known: NDArray[np.bool_],
    instruments: Mapping[str, Instrument],
    share: FloatArray,
) -> None:
    plain = np.array([not isinstance(i, Option) for i in instruments.values()], dtype=np.bool_)
    at = np.flatnonzero(known & plain)
    size, mark, s = rows.size[at], rows.mark[at], share[at]
    inverse = rows.payoff[at] == payoffs.INVERSE
    found["price"][at] = np.where(inverse, size / mark, size * mark) * s
    found["price_price"][at] = np.where(inverse, -2.0 * size / mark, 0.0) * s * s


def _fill_options(
    found: dict[str, FloatArray],
    at: IntArray,
    rows: OptionRows,
    parameters: list[GreeksParameters],
) -> None:
    """Write the rows ``at``; ``parameters`` are those of each option's underlying."""
    days = rows.tau_years * 365.0
    scale = rows.sigma.copy()
    for p in {id(p): p for p in parameters}.values():
        mine = np.array([other is p for other in parameters], dtype=np.bool_)
        scale[mine] *= p.vol_scale(days[mine])
    years = np.array([float(p.horizon_hours) / _HOURS_A_YEAR for p in parameters])
    for inverse in (False, True):
        chosen = np.flatnonzero(rows.inverse == inverse)
        if not chosen.size:
            continue
        one = _greeks(rows, chosen, inverse)
        unit, f, u = (c[chosen] for c in (rows.units * rows.discount, rows.floating, scale))
        to = at[chosen]
        found["price"][to] = unit * one.delta * f
        found["price_price"][to] = unit * one.gamma * f**2
        found["vol"][to] = unit * one.vega * u
        found["price_vol"][to] = unit * one.vanna * f * u
        found["vol_vol"][to] = unit * one.volga * u**2
        found["decay"][to] = unit * one.theta * np.minimum(years, rows.tau_years)[chosen]


def _greeks(rows: OptionRows, chosen: IntArray, inverse: bool) -> Greeks:
    return greeks(
        rows.forward[chosen],
        rows.strike[chosen],
        rows.tau_years[chosen],
        rows.sigma[chosen],
        rows.is_call[chosen],
        payoff="inverse" if inverse else "linear",
    )


def _only(rows: OptionRows, known: NDArray[np.bool_]) -> OptionRows:
    return OptionRows(**{f.name: getattr(rows, f.name)[known] for f in fields(OptionRows)})


def _of(
    options: Mapping[str, Option],
    known: NDArray[np.bool_],
    parameters: Mapping[str, GreeksParameters],
) -> list[GreeksParameters]:
    return [
        parameters[underlying(option)]
        for option, good in zip(options.values(), known, strict=True)
        if good
    ]
