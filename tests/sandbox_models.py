"""Every margin model on the generated market of `sandbox_margin`, with what it promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np

from deribit_accounts import pair
from paradex_accounts import underlying
from plimsoll.domain.instrument import Future, Perpetual
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.margin.add_ons import (
    BasisAddOn,
    BasisParameters,
    ConcentrationAddOn,
    ConcentrationParameters,
    DepegAddOn,
    GapAddOn,
    GapParameters,
    LiquidityAddOn,
    LiquidityParameters,
    MinimumCharge,
    MinimumParameters,
    PegBand,
    WithAddOns,
)
from plimsoll.margin.bybit import BybitMargin, BybitParameters
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.deribit import (
    DeribitPortfolioMargin,
    DeribitStandardMargin,
    DeribitStandardPair,
    PortfolioMode,
)
from plimsoll.margin.derive import (
    CashPricing,
    DerivePmrm1,
    DerivePmrm2,
    DeriveSrm,
    Pmrm1Parameters,
    Pmrm2Parameters,
    SrmParameters,
)
from plimsoll.margin.drift import CollateralRules, DriftMargin, DriftRules, PerpetualRules
from plimsoll.margin.dydx import DydxMargin, LiquidityTier
from plimsoll.margin.greeks import Correlations, GreeksMargin, GreeksParameters
from plimsoll.margin.hybrid import HybridMargin, HybridParameters
from plimsoll.margin.okx import FIRST_CLASS, OTHER_CLASS, OkxMargin
from plimsoll.margin.paradex import ParadexPortfolioMargin
from plimsoll.margin.simulation import (
    PORTFOLIO,
    LossMeasure,
    SimulationMargin,
    SimulationParameters,
)
from plimsoll.margin.size_tiers import SizeRates, SizeTieredMargin
from plimsoll.margin.span import InterCommoditySpread, SpanMargin, SpanParameters
from plimsoll.margin.tiered import TieredMargin
from plimsoll.margin.vega import VegaMargin, VegaMarket
from plimsoll.testing import OPTIONAL, MarginCase, MarginProperty, RescaledCase
from plimsoll.testing.margin_case import UNIT
from sandbox_margin import COINS, INSTRUMENTS, PRICING, SNAPSHOT, TRUTHS, scenarios

P = MarginProperty
DELTA_ONE = [m for m, i in INSTRUMENTS.items() if isinstance(i, Perpetual | Future)]
IN_DOLLARS = {"USDC": 20_000.0}
IN_BOTH = {"USDC": 20_000.0, "HELM": 0.5, "KEEL": -2.0}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examined:
    """A model, what it does not promise and why, and what its accounts hold.

    Parameters
    ----------
    not_promised : mapping of MarginProperty to str
        With the reason.
    fewer : MarginCase or None
        The same with some scenarios left out.
    rescaled : RescaledCase or None
    pricing_markets : tuple of str
        Beyond those of the model's own pricing.
    """

    case: MarginCase
    not_promised: Mapping[MarginProperty, str]
    collateral: Mapping[str, float] = field(default_factory=lambda: IN_DOLLARS)
    fewer: MarginCase | None = None
    rescaled: RescaledCase | None = None
    pricing_markets: tuple[str, ...] = ()

    @property
    def promises(self) -> frozenset[MarginProperty]:
        return OPTIONAL - frozenset(self.not_promised)


def case(model: Any, parameters: Any) -> MarginCase:
    return MarginCase(
        model=model, parameters=parameters, snapshot=SNAPSHOT, instruments=INSTRUMENTS
    )


def each(parameters: Any) -> dict[str, Any]:
    return dict.fromkeys(COINS, parameters)


def in_units(held: MarginCase, model: Any) -> RescaledCase:
    """The same case whose model counts in half dollars."""
    prices = {**held.snapshot.stable_price_usd, UNIT: 0.5}
    return RescaledCase(
        case=replace(held, model=model, snapshot=replace(SNAPSHOT, stable_price_usd=prices)),
        factor=2.0,
    )


HALVES = CurrencyPricing(numeraire=UNIT, pricing_markets=PRICING.pricing_markets)
TABLE = TierTable(
    tuple(
        Tier(
            cap_usd=None if cap is None else Decimal(cap),
            maintenance_rate=Decimal(rate),
            initial_rate=2 * Decimal(rate),
            max_leverage=1 / (2 * Decimal(rate)),
        )
        for cap, rate in (("100000", "0.01"), ("1000000", "0.02"), (None, "0.05"))
    )
)
ONE_BY_ONE = {P.MORE_SCENARIOS: "it has no scenarios"}
NO_INVERSE = {P.PARITY: "it margins linear contracts only"}
SEGREGATED = {P.PARITY: "other currencies stand in other accounts"}
NO_TAIL = {P.MORE_SCENARIOS: "it is no worst case"}


def rates(name: str) -> Examined:
    """Models that margin positions one by one."""
    parameters: Any
    if name == "tiered":
        model: Any = TieredMargin(pricing=PRICING)
        parameters = dict.fromkeys(DELTA_ONE, TABLE)
    elif name == "size tiers":
        model = SizeTieredMargin(pricing=PRICING)
        rate = SizeRates(
            initial_rate=Decimal("0.02"),
            maintenance_rate=Decimal("0.01"),
            initial_slope=Decimal("0.0001"),
            maintenance_slope=Decimal("0.0001"),
            highest_rate=Decimal("0.5"),
        )
        parameters = dict.fromkeys(DELTA_ONE, rate)
    elif name == "dydx":
        model = DydxMargin(pricing=PRICING)
        tier = LiquidityTier(
            initial_margin=Decimal("0.05"),
            maintenance_fraction=Decimal("0.6"),
            open_interest_lower_usd=Decimal(10**8),
            open_interest_upper_usd=Decimal(10**10),
        )
        parameters = dict.fromkeys(DELTA_ONE, tier)
    elif name == "drift":
        model = DriftMargin(pricing=PRICING)
        perpetual = PerpetualRules(
            initial_ratio=Decimal("0.1"),
            maintenance_ratio=Decimal("0.05"),
            size_factor=Decimal("0.0002"),
        )
        weights = CollateralRules(
            initial_asset_weight=Decimal("0.8"),
            maintenance_asset_weight=Decimal("0.9"),
            initial_liability_weight=Decimal("1.2"),
            maintenance_liability_weight=Decimal("1.1"),
        )
        parameters = DriftRules(
            perpetuals=dict.fromkeys(DELTA_ONE, perpetual),
            collateral={"USDC": weights, **each(weights)},
        )
    else:
        model = VegaMargin(pricing=PRICING)
        market = VegaMarket(
            volatility_annual=Decimal("0.8"),
            tail_probability=Decimal("0.01"),
            horizon_years=Decimal("0.003"),
            linear_slippage=Decimal("0.01"),
            quadratic_slippage=Decimal("0.001"),
        )
        parameters = dict.fromkeys(DELTA_ONE, market)
    linear = {} if name in ("tiered", "size tiers") else NO_INVERSE
    orders = {P.ORDERS: "market orders count as filled, and may close"} if name == "vega" else {}
    return Examined(
        case=case(model, parameters),
        not_promised={**ONE_BY_ONE, **linear, **orders},
        collateral=IN_BOTH,
    )


STANDARD = DeribitStandardPair(
    future_initial_rate=Decimal("0.02"),
    future_initial_slope=Decimal("0.00005"),
    future_maintenance_rate=Decimal("0.01"),
    future_maintenance_slope=Decimal("0.00005"),
)
PAIRS = [f"{coin}_{quote}" for coin in COINS for quote in ("USD", "USDC")]
IN_COIN = CurrencyPricing(numeraire="HELM", pricing_markets=PRICING.pricing_markets)


def deribit() -> dict[str, Examined]:
    standard = dict.fromkeys(PAIRS, STANDARD)
    matrix = dict.fromkeys(PAIRS, pair())
    segregated = DeribitPortfolioMargin(pricing=IN_COIN, worst_case_decimals=None)
    cross = DeribitPortfolioMargin(
        pricing=PRICING, mode=PortfolioMode.CROSS, worst_case_decimals=None
    )
    fewer = {"extended_moves": (-0.5, 2.0)}
    return {
        "deribit standard, segregated": Examined(
            case=case(DeribitStandardMargin(pricing=IN_COIN), standard),
            not_promised={**ONE_BY_ONE, **SEGREGATED},
            collateral={"HELM": 0.5},
            rescaled=RescaledCase(
                case=case(DeribitStandardMargin(pricing=PRICING), standard),
                factor=TRUTHS["HELM"].index,
            ),
        ),
        "deribit standard, cross": Examined(
            case=case(DeribitStandardMargin(pricing=PRICING), standard),
            not_promised=ONE_BY_ONE,
            collateral=IN_BOTH,
        ),
        "deribit S:PM": Examined(
            case=case(segregated, matrix),
            not_promised={**SEGREGATED, P.CURRENCY_UNIT: "losses are in the account's own coin"},
            collateral={"HELM": 0.5},
            fewer=case(replace(segregated, **fewer), matrix),
        ),
        "deribit X:PM": Examined(
            case=case(cross, matrix),
            not_promised={P.CURRENCY_UNIT: "it counts in dollars only"},
            collateral=IN_BOTH,
            fewer=case(replace(cross, **fewer), matrix),
        ),
    }


OKX = {"HELM": FIRST_CLASS, "KEEL": OTHER_CLASS}
SPAN = SpanParameters(price_scan_range=Decimal("0.1"), vol_scan_range=Decimal("0.3"))


@dataclass(frozen=True, slots=True)
class FewerScenarios:
    """A grid model of whose scenarios every other one counts."""

    model: Any

    def prepare(self, snapshot: Any, parameters: Any, instruments: Any) -> Any:
        whole = self.model.prepare(snapshot, parameters, instruments)
        if isinstance(self.model, ParadexPortfolioMargin):
            table = whole.table
            kept = {n: getattr(table, n)[:, ::2].copy() for n in ("profit", "price", "weight")}
            return replace(whole, table=replace(table, **kept))
        return replace(whole, risk=replace(whole.risk, profit=whole.risk.profit[:, ::2].copy()))


def underlyings() -> dict[str, Examined]:
    okx = OkxMargin(pricing=PRICING)
    span = SpanMargin(
        pricing=PRICING,
        inter_spreads=(InterCommoditySpread(first="HELM", second="KEEL", credit=Decimal("0.6")),),
    )
    return {
        "paradex": Examined(
            case=case(ParadexPortfolioMargin(pricing=PRICING), each(underlying())),
            not_promised=NO_INVERSE,
            fewer=case(FewerScenarios(ParadexPortfolioMargin(pricing=PRICING)), each(underlying())),
        ),
        "okx": Examined(
            case=case(okx, OKX),
            not_promised={},
            fewer=case(FewerScenarios(okx), OKX),
            collateral=IN_BOTH,
        ),
        "span": Examined(
            case=case(replace(span, inter_spreads=()), each(SPAN)),
            not_promised={},
            fewer=case(FewerScenarios(replace(span, inter_spreads=())), each(SPAN)),
            collateral=IN_BOTH,
        ),
        "span, with spreads": Examined(
            case=case(span, each(SPAN)),
            not_promised={P.MORE_SCENARIOS: "credits follow the scenario that binds"},
            collateral=IN_BOTH,
        ),
        "bybit": Examined(
            case=case(BybitMargin(pricing=PRICING), each(BybitParameters())),
            not_promised={},
            fewer=case(FewerScenarios(BybitMargin(pricing=PRICING)), each(BybitParameters())),
            collateral=IN_BOTH,
        ),
    }


CASH_ONLY = {
    **NO_INVERSE,
    P.CURRENCY_UNIT: "its numeraire is the cash that contracts settle in",
    P.ORDERS: "the venue checks orders when they fill",
    P.OPTION_MARKS: "it values options itself, by forward and volatility",
}
CASH = CashPricing(pricing_markets={coin: f"{coin}-SPOT" for coin in COINS})


def derive() -> dict[str, Examined]:
    pmrm2 = Pmrm2Parameters()
    pmrm1 = Pmrm1Parameters()
    some = replace(pmrm2, scenarios=pmrm2.scenarios[::3])
    return {
        "derive PMRM_2": Examined(
            case=case(DerivePmrm2(pricing=CASH), each(pmrm2)),
            not_promised={**CASH_ONLY},
            fewer=case(DerivePmrm2(pricing=CASH), each(some)),
        ),
        "derive PMRM": Examined(
            case=case(DerivePmrm1(pricing=CASH), each(pmrm1)),
            not_promised=CASH_ONLY,
            fewer=case(
                DerivePmrm1(pricing=CASH),
                each(replace(pmrm1, scenarios=pmrm1.scenarios[::3])),
            ),
        ),
        "derive SRM": Examined(
            case=case(DeriveSrm(pricing=CASH), each(SrmParameters())),
            not_promised={**CASH_ONLY, P.MORE_SCENARIOS: "its scenarios are strikes"},
        ),
    }


def simulated() -> dict[str, Examined]:
    own = {PORTFOLIO: SimulationParameters()}

    def model(measure: LossMeasure, count: int = 250) -> SimulationMargin:
        return SimulationMargin(
            scenarios=scenarios(250) if count == 250 else _first(count),
            measure=measure,
            pricing=PRICING,
        )

    shortfall = model(LossMeasure.EXPECTED_SHORTFALL)
    greeks = GreeksMargin(pricing=PRICING)
    together = replace(
        greeks,
        correlations=Correlations(underlyings=COINS, matrix=np.array([[1.0, 0.8], [0.8, 1.0]])),
    )
    legs = {"shortfall": shortfall, "greeks": greeks}
    hybrid = HybridMargin(legs=legs)
    of_legs = HybridParameters(legs={"shortfall": own, "greeks": each(GreeksParameters())})
    halved = HybridMargin(legs={n: replace(leg, pricing=HALVES) for n, leg in legs.items()})
    return {
        "expected shortfall": Examined(
            case=case(shortfall, own), not_promised=NO_TAIL, collateral=IN_BOTH
        ),
        "value-at-risk": Examined(
            case=case(model(LossMeasure.VALUE_AT_RISK), own),
            not_promised={**NO_TAIL, P.SUBADDITIVE: "a quantile is not"},
            collateral=IN_BOTH,
        ),
        "worst of scenarios": Examined(
            case=case(model(LossMeasure.WORST_CASE), own),
            not_promised={},
            collateral=IN_BOTH,
            fewer=case(model(LossMeasure.WORST_CASE, 100), own),
        ),
        "greeks": Examined(
            case=case(greeks, each(GreeksParameters())),
            not_promised={},
            collateral=IN_BOTH,
            fewer=case(replace(greeks, price_points=(-0.5, 0.0, 0.5)), each(GreeksParameters())),
        ),
        "greeks, correlated": Examined(
            case=case(together, each(GreeksParameters())),
            not_promised={},
            collateral=IN_BOTH,
            fewer=case(replace(together, price_points=(-0.5, 0.0, 0.5)), each(GreeksParameters())),
        ),
        "hybrid": Examined(
            case=case(hybrid, of_legs),
            not_promised=NO_TAIL,
            collateral=IN_BOTH,
            rescaled=in_units(case(hybrid, of_legs), halved),
            pricing_markets=tuple(PRICING.pricing_markets.values()),
        ),
    }


def _first(count: int) -> Any:
    whole = scenarios(250)
    return replace(
        whole,
        names=whole.names[:count],
        shocks=whole.shocks[:count].copy(),
        weights=np.full(count, 1.0 / count),
    )


BANDS = (
    PegBand(
        peg_at_least=Decimal("0.99"),
        brackets=((Decimal(1_000_000), Decimal("0.005")), (None, Decimal("0.02"))),
    ),
    PegBand(peg_at_least=Decimal(0), brackets=((None, Decimal("0.1")),)),
)
HEDGED_ADD_ONS = (
    MinimumCharge(parameters=each(MinimumParameters())),
    BasisAddOn(parameters=each(BasisParameters())),
    DepegAddOn(bands=BANDS),
)
SIZE_ADD_ONS = (
    LiquidityAddOn(parameters=each(LiquidityParameters())),
    ConcentrationAddOn(parameters=each(ConcentrationParameters())),
    GapAddOn(parameters=each(GapParameters())),
)


def with_add_ons(base: Examined, add_ons: tuple[Any, ...], **more: Any) -> Examined:
    model: Any = base.case.model
    return replace(
        base,
        case=replace(base.case, model=WithAddOns(model=model, pricing=PRICING, add_ons=add_ons)),
        fewer=None,
        not_promised={**base.not_promised, P.MORE_SCENARIOS: "the model beneath is examined"},
        pricing_markets=tuple(PRICING.pricing_markets.values()),
        **more,
    )


RATE_MODELS = ("tiered", "size tiers", "dydx", "drift", "vega")
MODELS: dict[str, Examined] = {
    **{name: rates(name) for name in RATE_MODELS},
    **deribit(),
    **underlyings(),
    **derive(),
    **simulated(),
}
MODELS["deribit X:PM with add-ons"] = with_add_ons(MODELS["deribit X:PM"], HEDGED_ADD_ONS)
MODELS["tiered with add-ons"] = with_add_ons(MODELS["tiered"], SIZE_ADD_ONS)
