"""``backtest ladders``: a venue's tiers rebuilt from earlier data, and held against later."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plimsoll.adapters.files import ColumnMap
from plimsoll.adapters.venues.binance_tiers import read_leverage_tiers
from plimsoll.calibration.tiers import Ladder
from plimsoll.domain.market import DAY_NS, PriceKind
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.errors import DataFormatError
from plimsoll.estimators.reference.panel import ReturnsPanel, returns_panel
from plimsoll.journeys.backtest_ladders_contracts import LadderContract, listed_contracts
from plimsoll.journeys.backtest_ladders_fit import (
    Variant,
    fitted_ladders,
    judged_contracts,
    level_fold,
    rates_of,
    venue_rates,
)
from plimsoll.journeys.backtest_ladders_judged import Judged, tally
from plimsoll.journeys.backtest_ladders_level import Choice, LevelFold, LevelRule, choose_level
from plimsoll.journeys.backtest_ladders_moves import Fold, fold_of, scaled_tail
from plimsoll.journeys.backtest_ladders_tables import (
    LOSS_NOTE,
    Compared,
    class_table,
    example_table,
    ladder_checks,
    level_table,
    pooled_table,
    size_table,
)
from plimsoll.journeys.compare import compared_history
from plimsoll.journeys.study_result import StudyResult

FloatArray = NDArray[np.float64]

PRICES = Path("hourly") / "binance_spot_close_1h_2021_2025.parquet"
VOLUME = Path("hourly") / "binance_spot_ohlcv_1h.parquet"
TIERS = Path("tiers") / "binance_usdm_leverage_tiers_2024-10.json"
FITTED, UNTIL = "2024-10-01", "2025-06-13"
EARLIER = ("2022-10-01", "2023-10-01")
FEWER_TIERS = 4
NINETY_NINE = LevelRule(small=0.01, large=0.002)
EXAMPLES = ("BTC/USDT:USDT", "DOGE/USDT:USDT", "BEL/USDT:USDT")
LABEL = "Binance spot closes 1 h, 2021 to 2025-06; tiers of Binance USD-M, 2024-10"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """What one horizon's ladders are fitted on and judged by."""

    hours: int
    fold: Fold
    judged: tuple[Judged, ...]
    tail: FloatArray
    folds: tuple[LevelFold, ...]
    chosen: Choice
    tried: tuple[Choice, ...]

    def compare(self, variant: Variant, progress: Progress) -> tuple[Compared, dict[str, Ladder]]:
        """Fit a variant and hold it against the venue."""
        ladders = fitted_ladders(self.judged, variant, self.tail, self.past, progress)
        return self.held(variant.name, ladders), ladders

    def held(
        self, name: str, ladders: dict[str, Ladder], judged: tuple[Judged, ...] | None = None
    ) -> Compared:
        """Hold ladders against the venue's."""
        shown = judged or self.judged
        own, venue = tally(shown, rates_of(shown, ladders)), tally(shown, venue_rates(shown))
        return Compared(name=name, hours=self.hours, judged=shown, own=own, venue=venue)

    @property
    def past(self) -> Callable[[LadderContract], FloatArray]:
        """Losses before the fit."""
        return lambda contract: self.fold.past(contract, self.hours).loss


def backtest_ladders(data: str | os.PathLike[str], *, progress: Progress = SILENT) -> StudyResult:
    """Rebuild the venue's ladders at 2024-10-01, and judge both to 2025-06-12.

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
    for needed in (PRICES, TIERS):
        if not (folder / needed).exists():
            raise DataFormatError(
                f"must hold {needed}",
                found=str(folder),
                field="--data",
                remedy="give the folder of market data: --data, or the variable PLIMSOLL_DATA",
            )
    history, names, _ = compared_history(
        folder / PRICES,
        columns=ColumnMap(symbol="symbol", time="ts", close="close"),
        price_kind=PriceKind.SPOT_CLOSE,
        exclude=(),
        progress=progress,
    )
    panel = returns_panel(history, markets=names)
    tables = read_leverage_tiers(folder / TIERS)
    known = fold_of(panel, _ns(FITTED), _ns(UNTIL)).known
    contracts = listed_contracts(tables, panel, known, folder / VOLUME)
    return _result(panel, contracts, len(tables), progress)


def horizon_study(
    panel: ReturnsPanel, contracts: tuple[LadderContract, ...], hours: int, progress: Progress
) -> Study:
    """Choose the level on earlier folds, and prepare the last one."""
    progress.start(f"choose the level, {hours} h", len(EARLIER) + 1)
    fitted, until = _ns(FITTED), _ns(UNTIL)
    life = (until - fitted) // DAY_NS
    folds = []
    for day in EARLIER:
        spans = (_ns(day), _ns(day) + life * DAY_NS)
        folds.append(level_fold(panel, contracts, spans, hours, f"from {day}"))
        progress.advance()
    chosen, tried = choose_level(folds)
    progress.advance()
    progress.finish()
    fold = fold_of(panel, fitted, until)
    return Study(
        hours=hours,
        fold=fold,
        judged=judged_contracts(contracts, fold, hours),
        tail=scaled_tail(contracts, fold, hours),
        folds=tuple(folds),
        chosen=chosen,
        tried=tried,
    )


def _result(
    panel: ReturnsPanel, contracts: tuple[LadderContract, ...], listed: int, progress: Progress
) -> StudyResult:
    study = horizon_study(panel, contracts, 1, progress)
    slow = horizon_study(panel, contracts, 8, progress)
    rule = study.chosen.rule
    main, ladders = study.compare(Variant(name="calibrated, 1 h", rule=rule), progress)
    variants = (
        Variant(name="99 % or better at every size", rule=NINETY_NINE),
        Variant(name="without the cost curve", rule=rule, with_cost=False),
        Variant(name="without the pooled tail", rule=rule, with_pooled_tail=False),
        Variant(name=f"{FEWER_TIERS} tiers", rule=rule, tiers=FEWER_TIERS),
    )
    others = [study.compare(variant, progress)[0] for variant in variants]
    dear = judged_contracts(contracts, study.fold, 1, impact=2.0)
    others.append(study.held("calibrated; closing costs twice as much", ladders, dear))
    others.append(slow.compare(Variant(name="calibrated, 8 h", rule=slow.chosen.rule), progress)[0])
    return StudyResult(
        name="ladders",
        title="A venue's ladders rebuilt",
        label=LABEL,
        tables=(
            pooled_table((main, *others), _notes(study, slow)),
            class_table(main),
            size_table(study.judged, rates_of(study.judged, ladders)),
            level_table(study.chosen, study.tried, study.folds),
            example_table(study.judged, ladders, EXAMPLES),
        ),
        checks=ladder_checks(main),
        notes=(LOSS_NOTE, _count(study.judged, listed)),
        headline=("ladders",),
    )


def _count(judged: tuple[Judged, ...], listed: int) -> str:
    coins = {one.contract.coin for one in judged}
    known = sum(one.contract.is_turnover_known for one in judged)
    return (
        f"{len(judged)} of {listed} contracts ({len(coins)} coins) have a price history before"
        f" {FITTED} and after; {known} with volume before it, the others' turnover is the class"
        " model's (lower quartile about a power law in the venue's top cap)."
    )


def _notes(study: Study, slow: Study) -> tuple[str, ...]:
    return (
        LOSS_NOTE,
        f"Fitted at {FITTED} from what was known then, judged to 2025-06-12; as many tiers as the"
        " venue's, rates on 0.05 %, rises of at most 5 points.",
        "Coverage: share of (size, hour, side) in which MM(N) is at least loss and cost;"
        " contracts alike, standard errors by day. Margin: mean of MM(N) / N.",
        f"Tail by size, 1 h: {study.chosen.rule}; 8 h: {slow.chosen.rule}.",
        "Without the cost curve and with closing costs twice as high, both are still judged with"
        " the cost.",
    )


def _ns(day: str) -> int:
    return int(np.datetime64(day, "ns").astype(np.int64))
