"""From the venue file to the core's own nouns; the core never sees a schema."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from plimsoll.calibration.problem import (
    CalibrationProblem,
    CoverageLines,
    Gate,
    MarketSpec,
    ModelSettings,
    RiskClass,
    ShortHistory,
)
from plimsoll.config.appetite_targets import aimed, stated_appetite
from plimsoll.config.data_section import INTERVAL_MINUTES, PriceColumns
from plimsoll.config.fields import exact_ns, instant_ns
from plimsoll.config.files import SYMBOL
from plimsoll.config.loader import VenueFile
from plimsoll.config.parts_convert import stated_parts
from plimsoll.config.sources import ALL_LEND, FundingSource, IncumbentSource, PriceSource
from plimsoll.config.structure_section import to_plan, to_structure
from plimsoll.config.venue import ClassEntry, GateSection, MarketEntry, VenueConfig
from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.domain.finding import FindingPolicy
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import PriceKind

_MINUTE_NS = 60_000_000_000


def to_problem(venue: VenueConfig) -> CalibrationProblem:
    """Return what is to be calibrated, toward which target, within which structure."""
    problem = CalibrationProblem(
        venue=venue.venue.name,
        label=price_label(venue),
        markets=tuple(_market(entry) for entry in venue.markets),
        classes={name: _risk_class(name, entry) for name, entry in venue.classes.items()},
        maintenance_level=venue.target.maintenance_level,
        reaction_level=venue.target.reaction_level,
        model=_model(venue),
        lend=lenders(venue),
        compare=venue.evidence.compare,
        structure=to_structure(venue.structure),
        short_history=ShortHistory(**dict(venue.short_history)),
        anti_procyclicality=AntiProcyclicality(**dict(venue.anti_procyclicality)),
        gate=_gate(venue.evidence.gate),
        freeze_standard_errors=venue.freeze.standard_errors,
        impact_coefficient=venue.impact.coefficient,
        scored_from_ns=instant_ns(venue.evidence.from_),
        seed=venue.seed,
        owner=venue.owner,
        plan=to_plan(
            venue.structure, {name: c.expiry_buckets for name, c in venue.classes.items()}
        ),
    )
    problem = replace(problem, beside=stated_parts(venue))
    stated = stated_appetite(venue)
    return problem if stated is None else aimed(problem, stated)


def price_label(venue: VenueConfig, kind: PriceKind | None = None) -> str:
    """Label of every table: the price source, which a remark may add to but never hide.

    ``kind`` is that of prices which do not come from where the venue file says.
    """
    remark = venue.venue.label
    label = (kind or venue.data.prices.price_kind).label
    return f"{label}; {remark}" if remark else label


def finding_policy(venue: VenueConfig) -> FindingPolicy:
    """Return what findings lead to."""
    return FindingPolicy(actions=dict(venue.data.findings))


def lenders(venue: VenueConfig) -> tuple[str, ...]:
    """Further markets whose prices inform the pool; `ALL_LEND` for all there are."""
    lend = venue.data.lend
    return ALL_LEND if lend == "all" else tuple(lend)


def price_source(file: VenueFile) -> PriceSource:
    """Return where the prices lie, with paths filled in."""
    prices, symbols = file.config.data.prices, tuple(m.symbol for m in file.config.markets)
    text, lend = prices.path, lenders(file.config)
    each = text is not None and SYMBOL in text
    return PriceSource(
        format=prices.format.value,
        price_kind=prices.price_kind,
        interval_ns=INTERVAL_MINUTES[prices.interval] * _MINUTE_NS,
        symbols=symbols,
        path=None if text is None or each else file.resolve(text),
        market_paths=_market_paths(file, text, (*symbols, *lend)) if text and each else {},
        columns=None if prices.columns is None else _named(prices.columns),
        time_unit=prices.time_unit,
        since_ns=instant_ns(file.config.data.since),
        until_ns=instant_ns(file.config.data.until),
        lend=lend,
    )


def further_paths(file: VenueFile, symbols: tuple[str, ...]) -> dict[str, Path]:
    """Return a file for each of further symbols, where the venue has one for each market."""
    text = file.config.data.prices.path
    return _market_paths(file, text, symbols) if text is not None and SYMBOL in text else {}


def funding_source(file: VenueFile) -> FundingSource | None:
    """Return where the funding rates lie; None where the venue names none."""
    funding = file.config.data.funding
    if funding is None:
        return None
    return FundingSource(
        format=funding.format,
        path=file.resolve(funding.path),
        columns=funding.columns.model_dump(exclude_none=True),
        time_unit=funding.time_unit,
        unit=funding.unit,
    )


def incumbent_source(file: VenueFile) -> IncumbentSource | None:
    """Return where the parameters in force lie; None where the venue names none."""
    incumbent = file.config.evidence.incumbent
    if incumbent is None:
        return None
    return IncumbentSource(
        path=file.resolve(incumbent.path),
        format=incumbent.format,
        valid_from_ns=exact_ns(incumbent.valid_from),
    )


def _gate(section: GateSection) -> Gate:
    return Gate(
        significance=section.significance,
        minimum_scored_days=section.minimum_scored_days,
        lines=CoverageLines(**dict(section.lines)),
    )


def _market(entry: MarketEntry) -> MarketSpec:
    return MarketSpec(
        symbol=entry.symbol,
        instrument=entry.instrument,
        risk_class=entry.risk_class,
        payoff=Payoff(entry.payoff.value),
        adv_usd=entry.adv_usd,
    )


def _risk_class(name: str, entry: ClassEntry) -> RiskClass:
    stated = {key: value for key, value in dict(entry).items() if key != "expiry_buckets"}
    return RiskClass(name=name, **stated)


def _model(venue: VenueConfig) -> ModelSettings:
    model = venue.model
    return ModelSettings(
        volatility=model.volatility,
        half_life_days=model.half_life_days,
        score_degrees=model.score_degrees,
        step_hours=model.step_hours,
        fit_window_days=model.fit_window_days,
        refit_every_days=model.refit_every_days,
        tail=model.tail.method,
        tail_fraction=model.tail.fraction,
        tail_window_days=model.tail.window_days,
        persistence_rule=model.persistence_rule,
        variance_start=model.variance_start,
        correction=model.correction,
    )


def _market_paths(file: VenueFile, text: str, symbols: tuple[str, ...]) -> dict[str, Path]:
    return {symbol: file.resolve(text.replace(SYMBOL, symbol)) for symbol in symbols}


def _named(columns: PriceColumns) -> dict[str, str]:
    named: dict[str, str] = columns.model_dump(exclude_none=True)
    return named
