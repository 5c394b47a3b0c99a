"""Every margin model on the generated market of `sandbox_margin`, with what it promises."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from deribit_accounts import pair
from paradex_accounts import underlying
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
    MinimumRule,
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
from plimsoll.margin.exposure import (
    CoinDynamics,
    ExposureMargin,
    ExposureParameters,
    MarginAgreement,
)
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
from plimsoll.margin.span import InterCommoditySpread, SpanMargin, SpanParameters
from plimsoll.testing import RescaledCase
from sandbox_examined import (
    HALVES,
    IN_BOTH,
    NO_INVERSE,
    NO_TAIL,
    ONE_BY_ONE,
    SEGREGATED,
    Examined,
    P,
    case,
    each,
    in_units,
)
from sandbox_margin import COINS, PRICING, TRUTHS, scenarios
from sandbox_rate_models import RATE_MODELS, rates

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
            case=case(DeribitStandardMargin(pricing=PRICING, mode=PortfolioMode.CROSS), standard),
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
    P.FILLS: "the venue checks orders when they fill",
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
    unequal = {
        coin: GreeksParameters(maintenance_factor=Decimal(factor))
        for coin, factor in zip(COINS, ("0.5", "0.9"), strict=True)
    }
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
            case=case(greeks, unequal),
            not_promised={},
            collateral=IN_BOTH,
            fewer=case(replace(greeks, price_points=(-0.5, 0.0, 0.5)), unequal),
        ),
        "greeks, correlated": Examined(
            case=case(together, unequal),
            not_promised={},
            collateral=IN_BOTH,
            fewer=case(replace(together, price_points=(-0.5, 0.0, 0.5)), unequal),
        ),
        "hybrid": Examined(
            case=case(hybrid, of_legs),
            not_promised=NO_TAIL,
            collateral=IN_BOTH,
            rescaled=in_units(case(hybrid, of_legs), halved),
            pricing_markets=tuple(PRICING.pricing_markets.values()),
        ),
    }


def exposed() -> dict[str, Examined]:
    """Potential future exposure to a client, on few paths."""
    model = ExposureMargin(
        dynamics=CoinDynamics(
            coins=COINS,
            spot=np.array([TRUTHS[coin].index for coin in COINS]),
            vol_annual=np.array([0.5, 0.6]),
            correlation=np.array([[1.0, 0.8], [0.8, 1.0]]),
        ),
        agreement=MarginAgreement(),
        paths=60,
        seed=1,
        pricing=PRICING,
    )
    return {
        "exposure": Examined(
            case=case(model, {PORTFOLIO: ExposureParameters(horizon_hours=Decimal(48))}),
            not_promised={
                **NO_TAIL,
                P.CURRENCY_UNIT: "it counts in dollars only",
                P.SUBADDITIVE: "a quantile is not",
            },
            collateral=IN_BOTH,
        )
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
        not_promised={
            **base.not_promised,
            P.MORE_SCENARIOS: "the model beneath is examined",
            P.FILLS: "add-ons charge positions, so an order pays them when it fills",
        },
        pricing_markets=tuple(PRICING.pricing_markets.values()),
        **more,
    )


MODELS: dict[str, Examined] = {
    **{name: rates(name) for name in RATE_MODELS},
    **deribit(),
    **underlyings(),
    **derive(),
    **simulated(),
    **exposed(),
}
MODELS["deribit X:PM with minimum"] = with_add_ons(
    MODELS["deribit X:PM"],
    (MinimumCharge(parameters=each(MinimumParameters()), rule=MinimumRule.HEDGED_FLOOR),),
)
MODELS["deribit X:PM with add-ons"] = with_add_ons(MODELS["deribit X:PM"], HEDGED_ADD_ONS)
MODELS["tiered with add-ons"] = with_add_ons(MODELS["tiered"], SIZE_ADD_ONS)
