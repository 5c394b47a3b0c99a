"""``backtest collateral``: haircuts held against prices that they were not set on."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.domain.table import Cell, Table
from plimsoll.estimators.reference.panel import returns_panel
from plimsoll.journeys.backtest_collateral_crashes import crash_tables
from plimsoll.journeys.backtest_collateral_data import coin_history, daily_pegs, hourly_pegs
from plimsoll.journeys.backtest_collateral_levels import basis_table, level_table
from plimsoll.journeys.backtest_collateral_paths import (
    HaircutSample,
    coin_sample,
    known_events,
    pegged_sample,
    same_forecaster,
)
from plimsoll.journeys.backtest_collateral_tables import (
    LOSS_NOTE,
    HaircutCoverage,
    PegEpisode,
    coverage_table,
    episode_row,
    episode_table,
    exact_checks,
    haircut_coverage,
    published_checks,
    reference_table,
    two_sided_coverage,
    year_table,
)
from plimsoll.journeys.study_result import StudyResult

SINCE, UNTIL = "2022-01-01", "2025-06-12"
HORIZONS_HOURS = (24, 8)
LABEL = "Binance spot closes 1 h, 2021 to 2025-06; Yahoo daily closes to 2024-12"

HOURLY_EPISODES = (
    PegEpisode(name="TUSD, 2024-01", asset="TUSD", first="2024-01-15", days=10),
    PegEpisode(name="FDUSD, 2025-04", asset="FDUSD", first="2025-04-02", days=7),
    PegEpisode(
        name="AEUR, 2023-12 (squeeze to 2.9 before)", asset="AEUR", first="2023-12-05", days=7
    ),
    PegEpisode(name="AEUR, 2024-12", asset="AEUR", first="2024-12-05", days=14),
)
DAILY_EPISODES = (
    PegEpisode(name="USDT, 2020-03", asset="USDT", first="2020-03-12", days=10),
    PegEpisode(name="stETH, 2022-05", asset="STETH", first="2022-05-09", days=10),
    PegEpisode(
        name="stETH, 2022-06", asset="STETH", first="2022-06-09", days=10, recorded_loss=0.06
    ),
    PegEpisode(name="USDC, 2023-03", asset="USDC", first="2023-03-10", days=5, recorded_loss=0.13),
)
DERIVE_FACTORS = (("USDT", 0.98), ("ETH", 0.80), ("BTC", 0.75), ("STETH", 0.80))
"""Of stETH: the factor of wstETH, against the dollar."""


def backtest_collateral(
    data: str | os.PathLike[str], *, progress: Progress = SILENT
) -> StudyResult:
    """Hold walk-forward haircuts of coins and pegged assets against what came after.

    Parameters
    ----------
    data : path
        Folder of market data.
    progress : Progress

    Raises
    ------
    DataError, DataFormatError, InsufficientDataError
    """
    folder = Path(data)
    from_ns, until_ns = (int(np.datetime64(d, "ns").astype(np.int64)) for d in (SINCE, UNTIL))
    progress.start("read and check prices")
    history = coin_history(folder)
    panel = returns_panel(history)
    progress.finish()
    progress.start("haircuts of coins")
    pairs = [coin_sample(history, panel, h, from_ns, until_ns) for h in HORIZONS_HOURS]
    same = same_forecaster(panel, HORIZONS_HOURS[0])
    coins = [held for held, _ in pairs]
    progress.finish()
    progress.start("haircuts of pegged assets")
    hourly, daily = hourly_pegs(folder), daily_pegs(folder)
    pegged = pegged_sample(hourly, 24, from_ns, known_events(hourly))
    daily_from = int(np.datetime64("2019-01-01", "ns").astype(np.int64))
    slow = pegged_sample(daily, 24, daily_from, known_events(daily))
    progress.finish()
    exact = [
        *(
            two_sided_coverage(f"coins, {s.horizon_hours} h, both sides as margins", s)
            for _, s in pairs
        ),
        *(haircut_coverage(f"coins, {s.horizon_hours} h", s, s.haircut) for s in coins),
    ]
    published = [
        *(
            haircut_coverage(f"coins, {s.horizon_hours} h, published", s, s.published)
            for s in coins
        ),
        haircut_coverage("pegged, hourly, published", pegged, pegged.published),
        haircut_coverage("pegged, daily, published", slow, slow.published),
    ]
    raw = [
        *(
            haircut_coverage(f"coins, {s.horizon_hours} h, class floor in full", s, s.class_floor)
            for s in coins
            if s.class_floor is not None
        ),
        haircut_coverage("pegged, hourly, before floor", pegged, pegged.haircut),
        haircut_coverage("pegged, daily, before floor", slow, slow.haircut),
    ]
    episodes = [
        *(episode_row(e, slow) for e in DAILY_EPISODES),
        *(episode_row(e, pegged) for e in HOURLY_EPISODES),
    ]
    progress.start("crashes, basis, outages, counterparties")
    further = (*crash_tables(folder), basis_table(folder), level_table(panel))
    progress.finish()
    return StudyResult(
        name="collateral",
        title="Collateral haircuts, walk-forward",
        label=LABEL,
        tables=(*_tables(exact, raw, published), episode_table(episodes),
                _references(coins[0], slow), *further),
        checks=(same, *_checks(exact, published)),
        notes=(
            LOSS_NOTE,
            f"{len(panel.markets)} coins, euro and gold, starts from {SINCE} to {UNTIL}; pegged"
            " assets against their peg, reviewed weekly.",
            "Haircuts before floor and step are held to both bounds, published ones from above"
            " only: floor and step make them larger.",
            "Both sides as margins: the lines that calibrate holds margins to, on the same"
            " forecasts. One side alone: the same bounds on falls only, which margins are not"
            " held to year by year; three years hold too few independent crashes for it.",
        ),
        headline=("haircut_coverage", "haircut_years", "collateral_crashes"),
    )  # fmt: skip


def _tables(
    exact: list[HaircutCoverage], raw: list[HaircutCoverage], published: list[HaircutCoverage]
) -> tuple[Table, ...]:
    notes = (
        LOSS_NOTE,
        "One side only: collateral loses in a fall. Published: up to 0.1 %, and not below half of"
        " the worst fall of its class known by then, as far as the class counts for the coin:"
        " in full in its first year and for pegs, then by the standard error of its own record"
        " against the spread of coins. Class floor in full: the same with the whole floor.",
        "Turnover is taken as ample on every day: that an illiquid coin bears the class's floor in"
        " full is not judged here.",
        "Pegged: against the peg; expected shortfall of calm and broken regime, before floor.",
    )
    return (
        coverage_table([*exact, *raw, *published], notes),
        year_table([*exact, *raw[: len(HORIZONS_HOURS)], *published]),
    )


def _checks(exact: list[HaircutCoverage], published: list[HaircutCoverage]) -> tuple[Check, ...]:
    lines = [check for c in exact for check in exact_checks(c)]
    lines += [check for c in published for check in published_checks(c)]
    for own, shown in zip(exact[len(HORIZONS_HOURS) :], published, strict=False):
        rounds_up = shown.pooled.rate <= own.pooled.rate
        lines.append(
            Check(
                name=f"{own.name}: floor and step never under-cover",
                verdict=Verdict.HOLDS if rounds_up else Verdict.BREACH,
                found=f"{shown.pooled.rate:.2%} after {own.pooled.rate:.2%}",
                demanded="no more breaches than before",
            )
        )
    return tuple(lines)


def _references(coins: HaircutSample, daily: HaircutSample) -> Table:
    rows = []
    for asset, factor in DERIVE_FACTORS:
        own, published = _last_factors(asset, coins, daily)
        rows.append((asset, own, published, factor, published - factor))
    return reference_table(rows)


def _last_factors(asset: str, coins: HaircutSample, daily: HaircutSample) -> tuple[Cell, float]:
    """Factors at the end; a staked coin bears its peg's haircut and its coin's."""

    def last(sample: HaircutSample, values: np.ndarray, name: str) -> float:
        column = values[:, sample.assets.index(name)]
        return float(column[np.isfinite(column)][-1])

    if asset in coins.assets:
        return (
            1.0 - last(coins, coins.haircut, asset),
            1.0 - last(coins, coins.published, asset),
        )
    own = 1.0 - last(daily, daily.haircut, asset)
    published = 1.0 - last(daily, daily.published, asset)
    if asset == "STETH":
        own *= 1.0 - last(coins, coins.haircut, "ETH")
        published *= 1.0 - last(coins, coins.published, "ETH")
    return own, published
