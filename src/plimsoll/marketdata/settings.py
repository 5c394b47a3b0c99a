"""Thresholds of the data checks: dimensionless, or a duration; none names a market or a date."""

from __future__ import annotations

from dataclasses import dataclass, fields

from plimsoll.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """Thresholds of all detectors.

    A *scale* is the market's own robust one-bar volatility (``plimsoll.marketdata.scale``), known
    before the bar under test.

    Parameters
    ----------
    scale_window_bars, scale_recent_bars, scale_min_bars : int
        Changed closes in the slow and in the fast median of the scale, and the fewest that give a
        scale at all.
    suspicious_scales : float
        A move of this many scales is suspicious whatever its size.
    suspicious_large_scales, suspicious_large_move : float
        So is a simple move of this size (fraction) if it is also this many scales.
    suspicious_first_move : float
        So is a simple move of this size where the market has no scale yet.
    spike_scales : float
        Least size of a spike, in scales.
    spike_max_bars : int
        Longest spike.
    spike_residual_scales, spike_residual_share : float
        How near the price must come back: in scales, and as a share of the spike.
    slip_factors, redenomination_factors : tuple of float
        Ratios above one; their inverses count as well.
    slip_max_bars : int
        A change of unit that lasts longer is a redenomination.
    slip_tolerance_log : float
        Distance of a slip's log ratio from the log factor.
    factor_tolerance_scales, factor_tolerance_log : float
        The same of a redenomination: in scales, grown by the root of time, and at most in log.
    small_factor, small_factor_tolerance_log : float
        Factors up to this one, which a true crash can come near, have this tolerance at most.
    redenomination_calm_ratio : float
        Volatility after over volatility before, at most: after a crash it is higher.
    redenomination_max_halt_days : float
        After a longer halt, a round ratio is no evidence of a redenomination.
    reuse_min_gap_hours, reuse_min_factor, reuse_scales : float
        Break in time, least ratio, and least number of scales (grown by the root of time).
    level_bars : int
        Bars whose median is the level before a break.
    stale_min_bars, stale_max_bars : int
        No shorter run of unchanged closes is stale; no longer one is not.
    stale_probability : float
        Between them a run is stale if it is less likely than this, given how often the market's
        closes repeat.
    relisting_min_gap_days : float
        Absence from which a market counts as delisted.
    short_history_days : float
        Shorter series are reported.
    common_outage_share, common_move_scales : float
        Share of the markets alive that must be silent, and median move in scales, for an event of
        the whole market.
    common_min_markets : int
        Fewest markets that can make an event of the whole market.
    migration_max_gap_days, migration_tolerance_log : float
        Longest time between a coin's end and its successor's start, and closeness of their prices.
    twin_block_days : float
        Length of the blocks in which twins are looked for: long enough that two coins of one
        price by chance have parted.
    twin_tolerance_log, twin_divergence_log, twin_scales : float
        How near two prices are to be twins, and how far apart, in log and in robust deviations of
        their ratio, to be reported.
    closed_bars_only : bool
        The source is known to deliver closed bars only; else the last bar of a series is unproven.

    Raises
    ------
    UsageError
        A threshold is not positive.
    """

    scale_window_bars: int = 720
    scale_recent_bars: int = 24
    scale_min_bars: int = 24
    suspicious_scales: float = 20.0
    suspicious_large_scales: float = 8.0
    suspicious_large_move: float = 0.25
    suspicious_first_move: float = 0.5
    spike_scales: float = 13.0
    spike_max_bars: int = 3
    spike_residual_scales: float = 5.0
    spike_residual_share: float = 0.2
    slip_factors: tuple[float, ...] = (100.0, 1000.0)
    redenomination_factors: tuple[float, ...] = (10.0, 100.0, 1e3, 1e4, 1e5, 1e6)
    slip_max_bars: int = 48
    slip_tolerance_log: float = 0.7
    factor_tolerance_scales: float = 6.0
    factor_tolerance_log: float = 0.2
    small_factor: float = 10.0
    small_factor_tolerance_log: float = 0.15
    redenomination_calm_ratio: float = 4.0
    redenomination_max_halt_days: float = 7.0
    reuse_min_gap_hours: float = 24.0
    reuse_min_factor: float = 3.0
    reuse_scales: float = 4.0
    level_bars: int = 24
    stale_min_bars: int = 12
    stale_max_bars: int = 24
    stale_probability: float = 1e-6
    relisting_min_gap_days: float = 30.0
    short_history_days: float = 90.0
    common_outage_share: float = 0.5
    common_move_scales: float = 4.0
    common_min_markets: int = 3
    migration_max_gap_days: float = 14.0
    migration_tolerance_log: float = 0.05
    twin_block_days: float = 180.0
    twin_tolerance_log: float = 0.03
    twin_divergence_log: float = 0.1
    twin_scales: float = 10.0
    closed_bars_only: bool = False

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            values = value if isinstance(value, tuple) else (value,)
            if not isinstance(value, bool) and not all(v > 0 for v in values):
                raise UsageError("must be positive", found=value, field=f"checks.{item.name}")
