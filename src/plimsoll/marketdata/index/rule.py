"""How sources make an index: weights, limits and what happens beyond them, as data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from plimsoll.domain.choice import chosen
from plimsoll.errors import ParameterError, UsageError

SECOND_NS = 1_000_000_000
USD = "USD"


class Aggregation(StrEnum):
    """What the price is of the prices."""

    MEDIAN = "median"
    """Weighted; the mean of both neighbours where the weights tie."""
    MEAN = "mean"
    """Weighted."""


class OutlierRule(StrEnum):
    """What happens to a source beyond the bound from the weighted median of all live ones."""

    KEEP = "keep"
    CLAMP = "clamp"
    """Counted at the bound. Changes no median; the source is labelled."""
    ZERO_WEIGHT = "zero_weight"
    """Left out. The price may jump when a source crosses the bound."""


class DepegRule(StrEnum):
    """What happens to sources whose quote currency is off its peg."""

    CONVERT = "convert"
    EXCLUDE = "exclude"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSource:
    """One source of an index.

    Parameters
    ----------
    name : str
    weight : float
        Positive; weights need not sum to 1.
    quote_currency : str
        Of its prices; other than USD they are multiplied by that currency's price in USD.
    max_age_ns : int
        Limit of staleness. A price whose age is exactly the limit still counts, an older one has
        no weight. Age runs from the earlier of the source's stamp and receipt.
    max_unchanged_ns : int or None
        A price repeated for longer counts as frozen, whatever its stamps: a paused feed may go on
        stamping. None: never, as for a quiet pegged coin.
    max_spread : float or None
        Ask less bid over mid beyond which a quote is no price. None: none is too wide.
    """

    name: str
    weight: float = 1.0
    quote_currency: str = USD
    max_age_ns: int = 10 * SECOND_NS
    max_unchanged_ns: int | None = None
    max_spread: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.weight) and self.weight > 0.0):
            raise ParameterError("must be positive", found=self.weight, field="weight")
        for field in ("max_age_ns", "max_unchanged_ns", "max_spread"):
            value = getattr(self, field)
            if value is not None and not value >= 0:
                raise ParameterError("must not be negative", found=value, field=field)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRule:
    """An index: its sources, quorum, clamps and speed limit.

    Parameters
    ----------
    sources : tuple of IndexSource
    aggregation : Aggregation
    outlier_rule : OutlierRule
    outlier_bound : float
        Distance from the weighted median as a fraction of it; exactly at the bound is inside.
    median_from_outliers : int or None
        A mean becomes the median where at least so many sources are beyond the bound (Binance's
        older rule: 2, with `OutlierRule.ZERO_WEIGHT`). None: never.
    least_sources : int
        Live sources without which the index freezes. Outliers are live.
    least_weight_share : float
        Weight of live sources over the weight of all, without which it freezes.
    least_agreement : float
        Weight within the bound over the weight of the live, without which it freezes; 0 asks for
        no agreement.
    max_move : float or None
        Largest change of the published price per ``move_interval_ns``, as a fraction; in
        proportion to the time since the last good price. None: no limit.
    move_interval_ns : int
    catch_up_intervals : float
        Most intervals whose moves one publication may make at once, as after a freeze.
    max_skew_ns : int
        How far a source's clock may be ahead of receipt.
    currency_max_age_ns : int
        Limit of staleness of quote currencies' prices; exactly at the limit still counts.
    depeg_rule : DepegRule
    depeg_bound : float
        Distance of a quote currency's price from 1 USD beyond which it is off its peg.
    confidence_half_life_ns : int
        In which the confidence of a frozen price halves.

    Raises
    ------
    UsageError
        For no sources, two of one name, a text that names no choice.
    ParameterError
        For a number outside its range.
    """

    sources: tuple[IndexSource, ...]
    aggregation: Aggregation = Aggregation.MEDIAN
    outlier_rule: OutlierRule = OutlierRule.CLAMP
    outlier_bound: float = 0.05
    median_from_outliers: int | None = None
    least_sources: int = 3
    least_weight_share: float = 0.5
    least_agreement: float = 0.5
    max_move: float | None = None
    move_interval_ns: int = SECOND_NS
    catch_up_intervals: float = 10.0
    max_skew_ns: int = 2 * SECOND_NS
    currency_max_age_ns: int = 60 * SECOND_NS
    depeg_rule: DepegRule = DepegRule.CONVERT
    depeg_bound: float = 0.02
    confidence_half_life_ns: int = 60 * SECOND_NS

    def __post_init__(self) -> None:
        names = [source.name for source in self.sources]
        if not names or len(set(names)) != len(names):
            raise UsageError(
                "must name at least one source, each once", found=names, field="sources"
            )
        choices = {"aggregation": Aggregation, "outlier_rule": OutlierRule, "depeg_rule": DepegRule}
        for field, kind in choices.items():
            object.__setattr__(self, field, chosen(kind, getattr(self, field), field))
        self._check_ranges()

    def _check_ranges(self) -> None:
        positive = math.inf
        ranges: dict[str, tuple[float, float]] = {
            "outlier_bound": (0.0, 1.0),
            "least_sources": (1, len(self.sources)),
            "least_weight_share": (0.0, 1.0),
            "least_agreement": (0.0, 1.0),
            "catch_up_intervals": (1.0, positive),
            "max_skew_ns": (0, positive),
            "move_interval_ns": (1, positive),
            "currency_max_age_ns": (0, positive),
            "depeg_bound": (0.0, 1.0),
            "confidence_half_life_ns": (1, positive),
        }
        for field, (low, high) in ranges.items():
            value = getattr(self, field)
            if not low <= value <= high:
                raise ParameterError(f"must lie in {low} .. {high}", found=value, field=field)
        if self.max_move is not None and not 0.0 < self.max_move < math.inf:
            raise ParameterError(
                "must be positive and finite", found=self.max_move, field="max_move"
            )
        least = self.median_from_outliers
        if least is not None and least < 1:
            raise ParameterError("must be at least 1", found=least, field="median_from_outliers")

    @property
    def total_weight(self) -> float:
        """Weight of all sources, live or not."""
        return math.fsum(source.weight for source in self.sources)

    @property
    def currencies(self) -> tuple[str, ...]:
        """Quote currencies other than USD, in order of first use."""
        found = (source.quote_currency for source in self.sources)
        return tuple(dict.fromkeys(currency for currency in found if currency != USD))

    def place(self, source: str) -> int:
        """Return the position of a source.

        Raises
        ------
        UsageError
            For an unknown one.
        """
        for place, known in enumerate(self.sources):
            if known.name == source:
                return place
        names = ", ".join(known.name for known in self.sources)
        raise UsageError(f"must be a source of the index: {names}", found=source, field="source")
