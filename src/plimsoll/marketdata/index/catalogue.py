"""Every name of index and mark, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.marketdata.index.composition import Composition, compose, weighted_median
from plimsoll.marketdata.index.cross_venue import IndexRun, IndexState, publish_all, start_index
from plimsoll.marketdata.index.events import (
    CurrencyPrice,
    IndexEvent,
    SourceQuote,
    Tick,
    book_quote,
)
from plimsoll.marketdata.index.incidents import (
    INCIDENTS,
    IncidentReplay,
    PlantedIncident,
    incident,
    incident_events,
    incident_rule,
    plain_mean_rule,
    replay_incident,
)
from plimsoll.marketdata.index.index_value import IndexValue, SourceRow
from plimsoll.marketdata.index.lead_lag import LeadLag, estimate_lead_lag, lag_grid
from plimsoll.marketdata.index.mark import MarkRule, MarkState, mark_all, start_mark
from plimsoll.marketdata.index.mark_rules import BasisMark, OracleMark, PremiumMark
from plimsoll.marketdata.index.mark_shift import mark_robustness, smallest_shift
from plimsoll.marketdata.index.mark_value import MarkInput, MarkInputs, MarkValue
from plimsoll.marketdata.index.reasons import (
    IndexFinding,
    IndexFindingKind,
    IndexReason,
    IndexStatus,
    InputStatus,
    MarkReason,
    MarkStatus,
    SourceStatus,
)
from plimsoll.marketdata.index.robustness import (
    Breakdown,
    LiveSources,
    ShiftRow,
    breakdown,
    index_robustness,
    live_sources,
)
from plimsoll.marketdata.index.rule import (
    Aggregation,
    DepegRule,
    IndexRule,
    IndexSource,
    OutlierRule,
)
from plimsoll.marketdata.index.spaced_samples import SpacedSamples
from plimsoll.marketdata.index.time_decayed_ema import TimeDecayedEma

__all__ = [
    "INCIDENTS",
    "Aggregation",
    "BasisMark",
    "Breakdown",
    "Composition",
    "CurrencyPrice",
    "DepegRule",
    "IncidentReplay",
    "IndexEvent",
    "IndexFinding",
    "IndexFindingKind",
    "IndexReason",
    "IndexRule",
    "IndexRun",
    "IndexSource",
    "IndexState",
    "IndexStatus",
    "IndexValue",
    "InputStatus",
    "LeadLag",
    "LiveSources",
    "MarkInput",
    "MarkInputs",
    "MarkReason",
    "MarkRule",
    "MarkState",
    "MarkStatus",
    "MarkValue",
    "OracleMark",
    "OutlierRule",
    "PlantedIncident",
    "PremiumMark",
    "ShiftRow",
    "SourceQuote",
    "SourceRow",
    "SourceStatus",
    "SpacedSamples",
    "Tick",
    "TimeDecayedEma",
    "book_quote",
    "breakdown",
    "compose",
    "estimate_lead_lag",
    "incident",
    "incident_events",
    "incident_rule",
    "index_robustness",
    "lag_grid",
    "live_sources",
    "mark_all",
    "mark_robustness",
    "plain_mean_rule",
    "publish_all",
    "replay_incident",
    "smallest_shift",
    "start_index",
    "start_mark",
    "weighted_median",
]
