"""Expiry day: settlement averages, what they leave exposed, cash settlement."""

from plimsoll.margin.settlement.averages import (
    AverageRule,
    IndexSamples,
    SettlementAverage,
    settlement_average,
    with_settlement_averages,
)
from plimsoll.margin.settlement.cash import settled
from plimsoll.margin.settlement.payouts import DeliveryFee
from plimsoll.margin.settlement.report import (
    IsolatedDeficit,
    SettlementReason,
    SettlementReport,
    SettlementTotal,
)

__all__ = [
    "AverageRule",
    "DeliveryFee",
    "IndexSamples",
    "IsolatedDeficit",
    "SettlementAverage",
    "SettlementReason",
    "SettlementReport",
    "SettlementTotal",
    "settled",
    "settlement_average",
    "with_settlement_averages",
]
