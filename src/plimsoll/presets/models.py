"""How the file of each model is read: parameter classes, tables, options, cash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from plimsoll.domain.tiers import TierTable
from plimsoll.margin.add_ons import MinimumCharge, MinimumParameters, MinimumRule, WithAddOns
from plimsoll.margin.bybit import BybitMargin, BybitParameters
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.deribit import (
    GENERAL,
    DeltaRamp,
    DeribitGeneral,
    DeribitPair,
    DeribitPortfolioMargin,
    DeribitStandardMargin,
    DeribitStandardPair,
    PortfolioMode,
    RollRamp,
)
from plimsoll.margin.derive import (
    CashPricing,
    CollateralRule,
    DerivePmrm1,
    DerivePmrm2,
    DeriveSrm,
    Pmrm1Parameters,
    Pmrm2Parameters,
    SrmParameters,
)
from plimsoll.margin.drift import CollateralRules, DriftMargin, DriftRules, PerpetualRules
from plimsoll.margin.dydx import DydxMargin, LiquidityTier
from plimsoll.margin.okx import ACCOUNT, OkxAccountParameters, OkxMargin, OkxParameters
from plimsoll.margin.paradex import ParadexPortfolioMargin, ParadexUnderlying
from plimsoll.margin.protocol import MarginModel
from plimsoll.margin.span import Extremes, SpanMargin, SpanParameters
from plimsoll.margin.tiered import TieredMargin
from plimsoll.margin.vega import VegaMargin, VegaMarket
from plimsoll.presets.preset import Scope
from plimsoll.presets.reading import Node, constants
from plimsoll.presets.tables import (
    bands,
    brackets,
    calendar_spreads,
    scenarios,
    span_tiers,
    tier_table,
)

Build = Callable[[CurrencyPricing], MarginModel[Any]]
C = TypeVar("C", bound=StrEnum)

MINIMUM = "minimum_charge"
"""Option of a file: rates of the charge on hedged size that its model lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelForm:
    """What a file says of its model."""

    parameters: Any
    build: Build
    scope: Scope = Scope.UNIT
    cash: str = "USD"
    linear_only: bool = False


def _deribit_portfolio(node: Node, options: Node) -> ModelForm:
    options.mapping(("mode", "delta_ramp", "roll_ramp"), (MINIMUM,))
    mode = _choice(options.under("mode"), PortfolioMode)
    delta_ramp = _choice(options.under("delta_ramp"), DeltaRamp)
    roll_ramp = _choice(options.under("roll_ramp"), RollRamp)
    node.mapping((GENERAL,), None)
    coins = {key.split("_")[0] for key in node.value if key != GENERAL}

    def plain(pricing: CurrencyPricing) -> MarginModel[Any]:
        return DeribitPortfolioMargin(
            pricing=pricing, mode=mode, delta_ramp=delta_ramp, roll_ramp=roll_ramp
        )

    return ModelForm(
        parameters={
            key: constants(DeribitGeneral if key == GENERAL else DeribitPair, item)
            for key, item in node.items()
        },
        build=_with_minimum(plain, options, coins),
        cash="" if mode is PortfolioMode.SEGREGATED else "USD",
    )


def _choice(node: Node, of: type[C]) -> C:
    """Return the member of ``of`` that the file names."""
    named = node.text()
    if named not in tuple(of):
        node.refuse(f"must be one of {', '.join(of)}")
    return of(named)


def _with_minimum(build: Build, options: Node, underlyings: Iterable[str]) -> Build:
    """Add the charge on hedged size, where the file states one: no venue's, and so labelled."""
    if MINIMUM not in options.value:
        return build
    stated = constants(MinimumParameters, options.under(MINIMUM).mapping(optional=None))
    charge = MinimumCharge(
        parameters=dict.fromkeys(underlyings, stated), rule=MinimumRule.HEDGED_FLOOR
    )

    def with_charge(pricing: CurrencyPricing) -> MarginModel[Any]:
        return WithAddOns(model=build(pricing), pricing=pricing, add_ons=(charge,))

    return with_charge


def _deribit_standard(node: Node, options: Node) -> ModelForm:
    options.mapping()
    return ModelForm(
        parameters=_each(DeribitStandardPair, node),
        build=lambda pricing: DeribitStandardMargin(pricing=pricing),
        cash="",
    )


def _paradex(node: Node, options: Node) -> ModelForm:
    options.mapping()
    return ModelForm(
        parameters=_each(ParadexUnderlying, node),
        build=lambda pricing: ParadexPortfolioMargin(pricing=pricing),
        linear_only=True,
    )


def _okx(node: Node, options: Node) -> ModelForm:
    options.mapping()
    node.mapping((ACCOUNT,), None)
    account = constants(OkxAccountParameters, node.under(ACCOUNT))
    units = {}
    for key, item in node.items():
        if key == ACCOUNT:
            continue
        item.mapping(("minimum_charge_multipliers", "depeg_bands"), None)
        units[key] = constants(
            OkxParameters,
            item,
            minimum_charge_multipliers=brackets(item.under("minimum_charge_multipliers"), "x"),
            depeg_bands=bands(item.under("depeg_bands")),
        )
    return ModelForm(
        parameters=units, build=lambda pricing: OkxMargin(pricing=pricing, account=account)
    )


def _bybit(node: Node, options: Node) -> ModelForm:
    options.mapping()
    return ModelForm(
        parameters=_each(BybitParameters, node), build=lambda pricing: BybitMargin(pricing=pricing)
    )


def _span(node: Node, options: Node) -> ModelForm:
    options.mapping(("extremes",))
    extremes = _choice(options.under("extremes"), Extremes)
    units = {}
    for key, item in node.items():
        item.mapping(("tiers", "calendar_spreads"), None)
        units[key] = constants(
            SpanParameters,
            item,
            tiers=span_tiers(item.under("tiers")),
            calendar_spreads=calendar_spreads(item.under("calendar_spreads")),
        )
    return ModelForm(
        parameters=units,
        build=lambda pricing: SpanMargin(pricing=pricing, extremes=extremes),
    )


def _pmrm2(node: Node, options: Node) -> ModelForm:
    options.mapping()
    units = {}
    for key, item in node.items():
        item.mapping(("scenarios", "collateral"), None)
        rules = item.under("collateral").mapping(optional=None)
        units[key] = constants(
            Pmrm2Parameters,
            item,
            scenarios=scenarios(item.under("scenarios")),
            collateral={c: constants(CollateralRule, rule) for c, rule in rules.items()},
        )
    return _derive(units, lambda pricing: DerivePmrm2(pricing=_cash(pricing)))


def _pmrm1(node: Node, options: Node) -> ModelForm:
    options.mapping()
    units = {}
    for key, item in node.items():
        item.mapping(("scenarios",), None)
        units[key] = constants(Pmrm1Parameters, item, scenarios=scenarios(item.under("scenarios")))
    return _derive(units, lambda pricing: DerivePmrm1(pricing=_cash(pricing)))


def _srm(node: Node, options: Node) -> ModelForm:
    options.mapping()
    return _derive(_each(SrmParameters, node), lambda pricing: DeriveSrm(pricing=_cash(pricing)))


def _derive(units: Mapping[str, Any], build: Build) -> ModelForm:
    return ModelForm(parameters=units, build=build, cash="USDC", linear_only=True)


def _cash(pricing: CurrencyPricing) -> CashPricing:
    return CashPricing(numeraire=pricing.numeraire, pricing_markets=pricing.pricing_markets)


def _vega(node: Node, options: Node) -> ModelForm:
    options.mapping()
    return ModelForm(
        parameters=_each(VegaMarket, node),
        build=lambda pricing: VegaMargin(pricing=pricing),
        scope=Scope.MARKET,
        cash="USDT",
        linear_only=True,
    )


def _dydx(node: Node, options: Node) -> ModelForm:
    """Tiers by name, and the markets that stand in each."""
    options.mapping()
    markets: dict[str, LiquidityTier] = {}
    for _, item in node.items():
        item.mapping(("markets", "tier"))
        tier = constants(LiquidityTier, item.under("tier"))
        for row in item.under("markets").rows():
            if row.text() in markets:
                row.refuse("must stand in one tier")
            markets[row.text()] = tier
    return ModelForm(
        parameters=markets,
        build=lambda pricing: DydxMargin(pricing=pricing),
        scope=Scope.MARKET,
        cash="USDC",
        linear_only=True,
    )


def _drift(node: Node, options: Node) -> ModelForm:
    options.mapping()
    node.mapping(("perpetuals", "collateral"))
    perpetuals = node.under("perpetuals").mapping(optional=None)
    held = node.under("collateral").mapping(optional=None)
    return ModelForm(
        parameters=DriftRules(
            perpetuals=_each(PerpetualRules, perpetuals), collateral=_each(CollateralRules, held)
        ),
        build=lambda pricing: DriftMargin(pricing=pricing),
        scope=Scope.MARKET,
        cash="USDC",
        linear_only=True,
    )


def _tiered(node: Node, options: Node) -> ModelForm:
    options.mapping(("cash",))
    tables: dict[str, TierTable] = {key: tier_table(item) for key, item in node.items()}
    return ModelForm(
        parameters=tables,
        build=lambda pricing: TieredMargin(pricing=pricing),
        scope=Scope.MARKET,
        cash=options.under("cash").text(),
        linear_only=True,
    )


def _each(kind: type[Any], node: Node) -> dict[str, Any]:
    return {key: constants(kind, item) for key, item in node.items()}


MODELS: Mapping[str, Callable[[Node, Node], ModelForm]] = {
    "deribit-portfolio": _deribit_portfolio,
    "deribit-standard": _deribit_standard,
    "paradex": _paradex,
    "okx": _okx,
    "bybit": _bybit,
    "span": _span,
    "derive-pmrm2": _pmrm2,
    "derive-pmrm": _pmrm1,
    "derive-srm": _srm,
    "vega": _vega,
    "dydx": _dydx,
    "drift": _drift,
    "tiers": _tiered,
}
"""Readers by the name of the model."""
