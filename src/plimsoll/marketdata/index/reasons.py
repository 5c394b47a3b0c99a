"""What an index, a mark and their sources can be, and why: closed enumerations."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SourceStatus(StrEnum):
    """One source at one publication. Only the first two have weight."""

    LIVE = "live"
    CLAMPED = "clamped"
    """Beyond the bound from the median; counted at the bound."""
    OUTLIER = "outlier"
    """Beyond the bound from the median; no weight."""
    STALE = "stale"
    """Stamped longer ago than its limit."""
    UNCHANGED = "unchanged"
    """The same price for longer than its limit, whatever its stamps say."""
    CROSSED = "crossed"
    """Bid at or above ask."""
    WIDE = "wide"
    """Ask further from bid than its limit."""
    INVALID = "invalid"
    """The last message held no finite positive price."""
    FUTURE = "future"
    """The last message was stamped later than it was received, by more than the limit."""
    UNPRICED = "unpriced"
    """Its quote currency has no price, or one past its limit."""
    DEPEGGED = "depegged"
    """Its quote currency is off its peg, and the rule excludes such sources."""
    MISSING = "missing"
    """It never quoted."""

    @property
    def has_weight(self) -> bool:
        """Whether the source took part in the index."""
        return self in (SourceStatus.LIVE, SourceStatus.CLAMPED)

    @property
    def is_live(self) -> bool:
        """Whether the source had a fresh, valid price; it counts for the quorum."""
        return self in (SourceStatus.LIVE, SourceStatus.CLAMPED, SourceStatus.OUTLIER)


class IndexStatus(StrEnum):
    """What the published price is."""

    LIVE = "live"
    LIMITED = "limited"
    """On its way to what the sources say, at the largest speed allowed."""
    FROZEN = "frozen"
    """The last good price; its age and the reason stand beside it."""
    EMPTY = "empty"
    """There never was a good price: NaN."""

    @property
    def is_live(self) -> bool:
        """Whether the price is of now."""
        return self in (IndexStatus.LIVE, IndexStatus.LIMITED)


class IndexReason(StrEnum):
    """Why an index is frozen or empty (closed enumeration)."""

    NONE = ""
    NO_LIVE_SOURCE = "no_live_source"
    TOO_FEW_SOURCES = "too_few_sources"
    TOO_LITTLE_WEIGHT = "too_little_weight"
    NO_CONSENSUS = "no_consensus"
    """Too little weight within the bound from the median: nothing tells who is right."""


class InputStatus(StrEnum):
    """One input of a mark."""

    LIVE = "live"
    COLD = "cold"
    """Made of fewer samples than the rule wants; used, or missing where there are none."""
    CAPPED = "capped"
    MISSING = "missing"

    @property
    def is_used(self) -> bool:
        """Whether the input took part in the mark."""
        return self is not InputStatus.MISSING


class MarkStatus(StrEnum):
    """What the published mark is."""

    LIVE = "live"
    DEGRADED = "degraded"
    """Made without all of its inputs, or from a cold average; the inputs say which."""
    FROZEN = "frozen"
    EMPTY = "empty"

    @property
    def is_live(self) -> bool:
        """Whether the mark is of now."""
        return self in (MarkStatus.LIVE, MarkStatus.DEGRADED)


class MarkReason(StrEnum):
    """Why a mark is frozen or empty (closed enumeration)."""

    NONE = ""
    NO_INPUT = "no_input"
    TOO_FEW_INPUTS = "too_few_inputs"
    NO_INDEX = "no_index"
    ONLY_OWN_MARKET = "only_own_market"
    """Neither the index nor other venues' perpetuals: only the market to be margined itself."""


class IndexFindingKind(StrEnum):
    """What is wrong with one message of a feed."""

    IMPOSSIBLE_PRICE = "impossible_price"
    CROSSED_QUOTE = "crossed_quote"
    WIDE_QUOTE = "wide_quote"
    FUTURE_STAMP = "future_stamp"
    OUT_OF_ORDER = "out_of_order"
    """Stamped before what the source already said: ignored."""
    CONFLICTING_DUPLICATE = "conflicting_duplicate"
    """Both stamps of the message before, another price: the later message stands."""
    LATE_RECEIPT = "late_receipt"
    """Received before the message that stands before it in the stream; judged by its stamp."""
    ALREADY_STALE = "already_stale"
    """Past its limit when received."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFinding:
    """One finding on one message.

    Parameters
    ----------
    kind : IndexFindingKind
    source : str
        Or the currency, for the price of a currency.
    received_ns, exchange_ns : int
    value : float
        The price of the message; NaN where it has none.
    detail : str
        One sentence for people.
    """

    kind: IndexFindingKind
    source: str
    received_ns: int
    exchange_ns: int
    value: float = float("nan")
    detail: str = ""
