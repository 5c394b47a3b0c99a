"""Accounts of a replay: given, or drawn from a law of leverage that has a name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.errors import ParameterError, UsageError
from plimsoll.validation.replay.markets import MarkPaths

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReplayPopulation:
    """A accounts of one position each.

    Parameters
    ----------
    market : (A,) int64
        Index among the markets of the replay.
    side : (A,) float64
        1 long, -1 short.
    amount : (A,) float64
        Base units; contract value (quote currency) for inverse contracts.
    leverage : (A,) float64
        Wished for: the deposit is notional over it, or the venue's initial margin if that is more.
    entry_bar, exit_bar : (A,) int64
        Opens at the close of the first, is closed by its user at the close of the second.
    reserve : (A,) float64
        What the user can bring after opening, as a share of the opening deposit.
    answer_bars : (A,) int64
        Bars from a margin call to the top-up; -1: calls are not answered.

    Raises
    ------
    UsageError, ParameterError
    """

    market: IntArray
    side: FloatArray
    amount: FloatArray
    leverage: FloatArray
    entry_bar: IntArray
    exit_bar: IntArray
    reserve: FloatArray
    answer_bars: IntArray

    __repr__ = field_summary

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if getattr(self, name).shape != self.market.shape or self.market.ndim != 1:
                raise UsageError(
                    f"must have one value per account {self.market.shape}",
                    found=getattr(self, name).shape,
                    field=name,
                )
        for name in ("amount", "leverage"):
            values = getattr(self, name)
            if not bool(np.all((values > 0.0) & np.isfinite(values))):
                raise ParameterError("must be positive and finite", field=name)
        if not bool(np.all(np.abs(self.side) == 1.0)):
            raise ParameterError("must be 1 or -1", field="side")
        if not bool(np.all((self.reserve >= 0.0) & np.isfinite(self.reserve))):
            raise ParameterError("must be finite and not negative", field="reserve")
        if bool(np.any(self.entry_bar < 0) or np.any(self.exit_bar <= self.entry_bar)):
            raise ParameterError("must leave after they come, from bar 0 on", field="exit_bar")

    def __len__(self) -> int:
        return int(self.market.size)

    def take(self, rows: IntArray | NDArray[np.bool_]) -> ReplayPopulation:
        """Return some of the accounts."""
        return ReplayPopulation(**{n: getattr(self, n)[rows] for n in self.__dataclass_fields__})


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverageLaw:
    """A stated law of who trades, since no venue publishes its accounts.

    Parameters
    ----------
    name, about : str
    median_leverage, log_sd : float
        Of a lognormal, cut to 1 .. ``highest_leverage``.
    highest_leverage : float
    mean_hold_hours : float
        Exponential.
    answered : float
        Probability that a user answers margin calls.
    mean_reaction_hours : float
        Exponential.
    reserve : float
        Of those who answer, share of the opening deposit.
    least_usd, most_usd : float
        Notional, log-uniform.
    long_share : float
    """

    name: str
    about: str
    median_leverage: float
    log_sd: float = 0.7
    highest_leverage: float = 125.0
    mean_hold_hours: float = 24.0
    answered: float = 0.3
    mean_reaction_hours: float = 2.0
    reserve: float = 1.0
    least_usd: float = 1e3
    most_usd: float = 1e6
    long_share: float = 0.5

    def __post_init__(self) -> None:
        for name in ("median_leverage", "log_sd", "mean_hold_hours", "mean_reaction_hours"):
            if not getattr(self, name) > 0.0:
                raise ParameterError("must be positive", found=getattr(self, name), field=name)
        if not 0.0 <= self.answered <= 1.0 or not 0.0 <= self.long_share <= 1.0:
            raise ParameterError("must lie in 0 .. 1", field="answered, long_share")
        if not 0.0 < self.least_usd <= self.most_usd or not self.highest_leverage >= 1.0:
            raise ParameterError("must be ordered", field="least_usd, most_usd, highest_leverage")


CAUTIOUS = LeverageLaw(name="cautious", about="median leverage 5", median_leverage=5.0)
TYPICAL = LeverageLaw(name="typical", about="median leverage 12", median_leverage=12.0)
BOLD = LeverageLaw(name="bold", about="median leverage 30", median_leverage=30.0)
LAWS = (CAUTIOUS, TYPICAL, BOLD)
"""Three stated populations: a band, not an estimate."""


def drawn_population(
    law: LeverageLaw, marks: MarkPaths, per_market: int, *, seed: int
) -> ReplayPopulation:
    """Draw accounts that arrive evenly over the bars at which their market printed.

    Market by market from one stream each, so that a market's accounts do not depend on which
    other markets there are, nor on their order.

    Raises
    ------
    ParameterError
        For no account.
    """
    if per_market < 1:
        raise ParameterError("must be positive", found=per_market, field="per_market")
    parts = [_of_market(law, marks, m, per_market, seed) for m in range(len(marks.markets))]
    held = [one for one in parts if len(one)]
    fields = ReplayPopulation.__dataclass_fields__
    return ReplayPopulation(**{n: np.concatenate([getattr(p, n) for p in held]) for n in fields})


def _of_market(
    law: LeverageLaw, marks: MarkPaths, m: int, count: int, seed: int
) -> ReplayPopulation:
    name = int.from_bytes(marks.markets[m].encode()[:16], "little")
    draw = np.random.Generator(np.random.PCG64([seed, name]))
    printed = np.flatnonzero(np.isfinite(marks.close[:, m]))[:-1]
    if not printed.size:
        count = 0
    entry = printed[np.floor(draw.random(count) * printed.size).astype(np.int64)]
    bar_hours = marks.interval_ns / 3.6e12
    hold = draw.exponential(law.mean_hold_hours / bar_hours, count)
    notional = law.least_usd * (law.most_usd / law.least_usd) ** draw.random(count)
    leverage = law.median_leverage * np.exp(law.log_sd * draw.standard_normal(count))
    answers = draw.random(count) < law.answered
    reaction = np.ceil(draw.exponential(law.mean_reaction_hours / bar_hours, count))
    price = np.ones(count) if marks.inverse else marks.close[entry, m]
    return ReplayPopulation(
        market=np.full(count, m, dtype=np.int64),
        side=np.where(draw.random(count) < law.long_share, 1.0, -1.0),
        amount=notional / price,
        leverage=np.clip(leverage, 1.0, law.highest_leverage),
        entry_bar=entry.astype(np.int64),
        exit_bar=entry + 1 + np.ceil(hold).astype(np.int64),
        reserve=np.where(answers, law.reserve, 0.0),
        answer_bars=np.where(answers, np.maximum(1.0, reaction), -1.0).astype(np.int64),
    )
