"""Options under a risk grid: what each starts from, and its price under every scenario.

An option is priced by Black-76 on the expected settlement price of its expiry, ``F = floating +
fixed``; under a move ``x`` of the underlying that is ``floating (1 + x) + fixed``, so that what a
settlement average has fixed already does not move any more. Volatility stays with the strike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import Option, OptionRight, Pair, Payoff
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.surface import VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.query import at_strike, forward_at
from plimsoll.maths.black76_greeks import main_greeks
from plimsoll.maths.black76_grid import ScenarioShocks, flat_grid_prices
from plimsoll.maths.black76_kernels import LARGEST, SMALLEST_PRICE
from plimsoll.maths.variance_clock import calendar_years
from plimsoll.scenarios.grid_rules import GridRules, SkewFactors, VolSource, skewed_scenarios
from plimsoll.scenarios.option_expiries import stated_units
from plimsoll.scenarios.risk_grid import RiskGrid, VolMove, VolRule

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LARGEST_VOL = 1e3
"""Annual volatility above which a mark is no volatility."""

_LARGEST_SHOCKED_VOL = 1e6
"""Largest that the kernels take; a call is worth its forward at less than that."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OptionRows:
    """What N options start from; NaN where ``reason`` says why.

    Parameters
    ----------
    floating, fixed : (N,) float64
        Parts of the expected settlement price that move with the underlying, and that do not.
    strike, tau_years, sigma, discount, units : (N,) float64
        ``units``: how many times what one price is of a contract holds.
    is_call, inverse : (N,) bool
    reason : (N,) int64
    """

    floating: FloatArray
    fixed: FloatArray
    strike: FloatArray
    tau_years: FloatArray
    sigma: FloatArray
    discount: FloatArray
    units: FloatArray
    is_call: BoolArray
    inverse: BoolArray
    reason: IntArray

    @property
    def forward(self) -> FloatArray:
        """(N,) expected settlement prices."""
        return self.floating + self.fixed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OptionValues:
    """Value and delta (N,) now, and profit (N, S), of one long contract, settlement currency."""

    value: FloatArray
    delta: FloatArray
    profit: FloatArray


def option_rows(
    options: Mapping[str, Option], snapshot: MarketSnapshot, rules: GridRules
) -> OptionRows:
    """Look up forwards, rates and volatilities; what is missing becomes a reason.

    Raises
    ------
    UsageError
        For a surface later than the snapshot.
    """
    held = list(options.values())
    expiry_ns = np.array([o.expiry_ns for o in held], dtype=np.int64)
    quotes, reason = expiry_quotes(held, snapshot, rules)
    sigma, lacking = _volatilities(options, snapshot, rules, reason == 0)
    tau = np.maximum(calendar_years(snapshot.at_ns, expiry_ns), 0.0)
    rate = np.array([np.nan if q is None else q.rate_annual for q in quotes])
    discount = np.exp(-np.maximum(rate, rules.lowest_rate_annual) * tau)
    reason = np.where(reason == 0, lacking, reason)
    units = np.array([stated_units(o) for o in held])
    return OptionRows(
        floating=np.array([np.nan if q is None else q.floating for q in quotes]),
        fixed=np.array([np.nan if q is None else q.fixed for q in quotes]),
        strike=np.array([float(o.strike) for o in held]),
        tau_years=tau,
        sigma=sigma,
        discount=discount if rules.discounted else np.ones(len(held)),
        units=units,
        is_call=np.array([o.right is OptionRight.CALL for o in held], dtype=np.bool_),
        inverse=np.array([o.payoff is Payoff.INVERSE for o in held], dtype=np.bool_),
        reason=np.where(np.isnan(units), int(MarginReason.NO_CONTRACT_SIZE), reason).astype(
            np.int64
        ),
    )


def option_values(
    rows: OptionRows,
    grid: RiskGrid,
    rule: VolRule,
    *,
    elapsed_years: float = 0.0,
    skew: SkewFactors | None = None,
) -> OptionValues:
    """Price options now and under every scenario; all rows must be without reason.

    Raises
    ------
    UsageError
        For skew scenarios without ``skew``, and for skew factors that are negative or no numbers.
    """
    count, scenarios = rows.strike.size, len(grid)
    now, delta, profit = np.zeros(count), np.zeros(count), np.zeros((count, scenarios))
    shocked = shocked_vols(rows, grid, rule, skew)
    later = np.maximum(rows.tau_years - elapsed_years, 0.0)
    for inverse in (False, True):
        chosen = np.flatnonzero(rows.inverse == inverse)
        if not chosen.size:
            continue
        payoff = "inverse" if inverse else "linear"
        forward, strike, sigma = (c[chosen] for c in (rows.forward, rows.strike, rows.sigma))
        call, scale = rows.is_call[chosen], (rows.units * rows.discount)[chosen]
        moves = (rows.floating[chosen] / forward)[:, None] * grid.price_moves
        each = np.arange(chosen.size)
        still = _own_shocks(np.zeros((chosen.size, 1)), sigma[:, None])
        start = (forward, strike, rows.tau_years[chosen], 0.0, call)
        then = (forward, strike, later[chosen], 0.0, call)
        base = flat_grid_prices(*start, shocks=still, group=each, payoff=payoff)[:, 0]
        shocks = _own_shocks(moves, shocked[chosen])
        prices = flat_grid_prices(*then, shocks=shocks, group=each, payoff=payoff)
        now[chosen] = scale * base
        profit[chosen] = scale[:, None] * (prices - base[:, None])
        greeks = main_greeks(forward, strike, rows.tau_years[chosen], sigma, call)
        delta[chosen] = scale * greeks.delta
    return OptionValues(value=now, delta=delta, profit=profit)


def shocked_vols(
    rows: OptionRows, grid: RiskGrid, rule: VolRule, skew: SkewFactors | None = None
) -> FloatArray:
    """(N, S) volatilities under the scenarios: ranges by days to expiry, floor where they rise."""
    up, down = rule.multipliers(rows.tau_years * 365.0)
    sigma = rows.sigma
    columns = {
        VolMove.UP: np.maximum(sigma * up, rule.minimum_vol_up),
        VolMove.NONE: sigma,
        VolMove.DOWN: sigma * down,
    }
    if skewed_scenarios(grid, skew):
        assert skew is not None
        moneyness = np.log(rows.strike / rows.forward)
        for move in (VolMove.SKEW_LINEAR, VolMove.SKEW_ABS):
            if move in grid.vol_moves:
                columns[move] = sigma * _factors(skew(move, moneyness, rows.tau_years), sigma.size)
    shocked = np.column_stack([columns[move] for move in grid.vol_moves])
    return np.asarray(np.minimum(shocked, _LARGEST_SHOCKED_VOL), dtype=np.float64)


def _own_shocks(moves: FloatArray, vols: FloatArray) -> ScenarioShocks:
    """Each option its own group: forwards move by ``moves``, volatilities become ``vols``."""
    return ScenarioShocks(forward_returns=moves, vol_scale=0.0, vol_shift=vols)


def _factors(values: FloatArray, count: int) -> FloatArray:
    found = np.asarray(values, dtype=np.float64)
    if found.shape != (count,) or not bool(np.all(np.isfinite(found) & (found >= 0.0))):
        raise UsageError(
            f"must be {count} finite factors, none negative", found=found, field="skew"
        )
    return found


def expiry_quotes(
    options: Sequence[Option], snapshot: MarketSnapshot, rules: GridRules
) -> tuple[list[ExpiryQuote | None], IntArray]:
    """Return the venue's quote of each option's expiry, or its surface's forward.

    Returns
    -------
    quotes : list of N ExpiryQuote or None
    reason : (N,) int64
        Why there is none, or none that an option can be valued with.

    Raises
    ------
    UsageError
        For a surface later than the snapshot.
    """
    known: dict[tuple[Pair, str, int], ExpiryQuote | None] = {}
    found: list[ExpiryQuote | None] = []
    for option in options:
        key = (option.pair, option.settle, option.expiry_ns)
        if key not in known:
            quoted = snapshot.expiries.get(key)
            known[key] = quoted or _surface_forward(option, snapshot, rules)
        found.append(known[key])
    faults = [int(_fault(o, q, snapshot, rules)) for o, q in zip(options, found, strict=True)]
    return found, np.array(faults, dtype=np.int64)


def _surface_forward(
    option: Option, snapshot: MarketSnapshot, rules: GridRules
) -> ExpiryQuote | None:
    surface = snapshot.surface(option.pair, option.settle)
    if surface is None or _surface_fault(surface, option.expiry_ns, snapshot.at_ns, rules):
        return None
    listed = {smile.expiry_ns: smile.forward for smile in surface.smiles}
    forward = listed.get(option.expiry_ns)
    return ExpiryQuote(floating=forward or float(forward_at(surface, option.expiry_ns)))


def _surface_fault(
    surface: VolSurface, expiry_ns: int, at_ns: int, rules: GridRules
) -> MarginReason:
    """Why a surface cannot tell of an expiry; NONE where it can."""
    if surface.at_ns > at_ns:
        raise UsageError(
            "must not be later than the snapshot",
            found=surface.at_ns,
            field=f"surface of {surface.pair.base}/{surface.pair.quote} at_ns",
        )
    if expiry_ns <= at_ns:
        return MarginReason.EXPIRED
    if at_ns - surface.at_ns > rules.oldest_surface_ns:
        return MarginReason.STALE_SURFACE
    beyond = expiry_ns > surface.expiries_ns[-1]
    return MarginReason.BEYOND_SURFACE if beyond else MarginReason.NONE


def _fault(
    option: Option, quote: ExpiryQuote | None, snapshot: MarketSnapshot, rules: GridRules
) -> MarginReason:
    """Why an option cannot be valued, whatever its volatility; NONE where it can."""
    if option.expiry_ns <= snapshot.at_ns:
        return MarginReason.EXPIRED
    if option.payoff is Payoff.QUANTO:
        return MarginReason.NOT_MARGINED
    if quote is None:
        surface = snapshot.surface(option.pair, option.settle)
        if surface is None:
            return MarginReason.NO_FORWARD
        return _surface_fault(surface, option.expiry_ns, snapshot.at_ns, rules)
    usable = SMALLEST_PRICE <= quote.forward <= LARGEST
    return MarginReason.NONE if usable else MarginReason.NO_FORWARD


def _volatilities(
    options: Mapping[str, Option], snapshot: MarketSnapshot, rules: GridRules, wanted: BoolArray
) -> tuple[FloatArray, IntArray]:
    """Volatility of each option (N,), NaN where there is none, and why (N,)."""
    marked = np.array([_marked_vol(snapshot, market) for market in options])
    fitted, fault = _fitted_vols(options, snapshot, rules, wanted & _asks_surface(rules, marked))
    sources = {
        VolSource.MARK: np.where(np.isnan(marked), fitted, marked),
        VolSource.SURFACE: np.where(np.isnan(fitted), marked, fitted),
        VolSource.MARK_ONLY: marked,
        VolSource.SURFACE_ONLY: fitted,
    }
    sigma = sources[rules.vol_source]
    missing = wanted & np.isnan(sigma)
    why = np.where(fault == 0, int(MarginReason.NO_VOLATILITY), fault)
    return sigma, np.where(missing, why, 0).astype(np.int64)


def _asks_surface(rules: GridRules, marked: FloatArray) -> BoolArray:
    if rules.vol_source is VolSource.MARK:
        return np.isnan(marked)
    return np.full(marked.size, rules.vol_source is not VolSource.MARK_ONLY)


def _marked_vol(snapshot: MarketSnapshot, market: str) -> float:
    quote = snapshot.quotes.get(market)
    vol = float("nan") if quote is None else quote.implied_vol_annual
    return vol if 0.0 <= vol <= LARGEST_VOL else float("nan")


def _fitted_vols(
    options: Mapping[str, Option], snapshot: MarketSnapshot, rules: GridRules, wanted: BoolArray
) -> tuple[FloatArray, IntArray]:
    """Volatility (N,) of each option's surface at its strike, and why there is none (N,)."""
    held = list(options.values())
    sigma, fault = np.full(len(held), np.nan), np.zeros(len(held), dtype=np.int64)
    of: dict[tuple[Pair, str], list[int]] = {}
    for row in np.flatnonzero(wanted).tolist():
        of.setdefault((held[row].pair, held[row].settle), []).append(row)
    for (pair, settle), rows in of.items():
        surface = snapshot.surface(pair, settle)
        if surface is None:
            continue
        ends = [held[row].expiry_ns for row in rows]
        fault[rows] = [int(_surface_fault(surface, e, snapshot.at_ns, rules)) for e in ends]
        good = np.array(rows)[fault[rows] == 0]
        if good.size:
            strikes = [float(held[row].strike) for row in good]
            ends = [held[row].expiry_ns for row in good]
            sigma[good] = at_strike(surface, strikes, np.array(ends)).volatility
    return sigma, fault
