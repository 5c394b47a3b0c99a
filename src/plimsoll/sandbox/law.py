"""The law of each sandbox market, as numbers.

Levels are set to lie in the range of hourly crypto returns of 2021-2025: standard deviation
0.6 % (largest coins) to 2 % (thin ones) an hour, tail index 2 to 3.5, autocorrelation of absolute
returns about 0.3 after one hour and 0.1 to 0.25 after a day.
"""

from __future__ import annotations

from dataclasses import dataclass

from plimsoll.domain.instrument import Payoff
from plimsoll.sandbox.venue import SandboxMarket

HOURS_PER_YEAR = 24 * 365
NEW_LISTING_DAYS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketLaw:
    """One market: what it is, and the constants of its law.

    Parameters
    ----------
    market : SandboxMarket
    start_price : float
        In quote currency.
    beta : float
        Loading on the common factor, crashes included.
    own_volatility : float
        Standard deviation of the market's own 1 h log return in calm times, jumps aside.
    degrees : float
        Degrees of freedom of its own innovations.
    jumps_per_year, jump_mean : float
        Rate of its own jumps and mean of their absolute size.
    up_share : float
        Share of its own jumps that go up.
    """

    market: SandboxMarket
    start_price: float
    beta: float
    own_volatility: float
    degrees: float
    jumps_per_year: float
    jump_mean: float
    up_share: float = 0.5


def _market(symbol: str, market_class: str, adv_usd: float, role: str) -> SandboxMarket:
    payoff = Payoff.LINEAR if symbol.endswith(":USDT") else Payoff.INVERSE
    return SandboxMarket(
        symbol=symbol, market_class=market_class, payoff=payoff, adv_usd=adv_usd, role=role
    )


LAWS: tuple[MarketLaw, ...] = (
    MarketLaw(
        market=_market("KEEL/USDT:USDT", "large", 9e9, "the largest coin"),
        start_price=42_000.0,
        beta=1.0,
        own_volatility=0.0022,
        degrees=6.0,
        jumps_per_year=3.0,
        jump_mean=0.02,
    ),
    MarketLaw(
        market=_market("MAST/USDT:USDT", "large", 4e9, "the second coin"),
        start_price=2_900.0,
        beta=1.12,
        own_volatility=0.0036,
        degrees=6.0,
        jumps_per_year=4.0,
        jump_mean=0.025,
    ),
    MarketLaw(
        market=_market("HELM/USDT:USDT", "mid", 3e8, "a mid coin"),
        start_price=85.0,
        beta=1.3,
        own_volatility=0.0085,
        degrees=5.5,
        jumps_per_year=8.0,
        jump_mean=0.05,
        up_share=0.6,
    ),
    MarketLaw(
        market=_market("SPAR/USDT:USDT", "thin", 4e6, "a thin market with holes"),
        start_price=1.7,
        beta=1.1,
        own_volatility=0.0145,
        degrees=5.0,
        jumps_per_year=20.0,
        jump_mean=0.08,
        up_share=0.65,
    ),
    MarketLaw(
        market=_market("BUOY/USDT:USDT", "mid", 6e7, "newly listed, on a reused ticker"),
        start_price=0.42,
        beta=1.2,
        own_volatility=0.0130,
        degrees=5.0,
        jumps_per_year=14.0,
        jump_mean=0.07,
        up_share=0.6,
    ),
    MarketLaw(
        market=_market("HULK/USDT:USDT", "mid", 1.5e8, "collapses and is delisted"),
        start_price=24.0,
        beta=1.3,
        own_volatility=0.0100,
        degrees=5.5,
        jumps_per_year=8.0,
        jump_mean=0.05,
    ),
)
"""The six linear perpetuals. The two inverse ones follow the first two at a basis."""

INVERSE_MARKETS: tuple[SandboxMarket, ...] = (
    _market("KEEL/USD:KEEL", "large", 1.2e9, "the largest coin, coin-margined"),
    _market("MAST/USD:MAST", "large", 5e8, "the second coin, coin-margined"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueLaw:
    """Constants common to all markets.

    Parameters
    ----------
    factor_volatility : float
        Standard deviation of the factor's 1 h log return in calm times.
    factor_degrees : float
    stress_mean_days, calm_mean_days : float
        Mean length of the regimes (exponential).
    stress_log_volatility : float
        Added to log volatility in stress.
    crashes_per_year_calm, crashes_per_year_stress : float
        Rate of common crashes that no earlier crash set off.
    aftershocks, aftershock_mean_hours : float
        Expected crashes set off by each crash, and how much later (geometric).
    crash_floor, crash_mean : float
        A crash moves a market of beta 1 by ``floor + exponential(mean)`` downwards.
    crash_echo, echo_half_life_hours : float
        Rise of log volatility after a crash, and how fast it fades.
    basis_reversion, basis_step : float
        Inverse contracts: share of the basis lost per hour, standard deviation of its change.
    """

    factor_volatility: float = 0.0047
    factor_degrees: float = 6.0
    stress_mean_days: float = 9.0
    calm_mean_days: float = 55.0
    stress_log_volatility: float = 0.6
    crashes_per_year_calm: float = 3.0
    crashes_per_year_stress: float = 16.0
    aftershocks: float = 0.3
    aftershock_mean_hours: float = 8.0
    crash_floor: float = 0.03
    crash_mean: float = 0.025
    crash_echo: float = 0.8
    echo_half_life_hours: float = 14.0
    basis_reversion: float = 0.05
    basis_step: float = 0.0002


VENUE_LAW = VenueLaw()
