"""A whole calibration with an appetite, ladders and outages: through the CLI, and its invariances.

SYNTHETIC prices of four markets, one of them inverse, in bars of eight hours. A policy comes into
force after three known years; here after one, so that a history of eighteen months has one.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import plimsoll.calibration.run as run_module
import plimsoll.journeys.calibrate as journey
from plimsoll.adapters.executor import SerialExecutor
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.venue_frontier import choice
from plimsoll.cli.main import application
from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.evidence import Evidence
from plimsoll.domain.instrument import Pair, Payoff, Perpetual
from plimsoll.domain.market import HOUR_NS, Bars, MarketSnapshot, PriceKind, Quote
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.journeys.params import read_parameters
from plimsoll.margin.add_ons import WithAddOns, counterparty_add_on
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.tiered import TieredMargin

STEP_NS = 8 * HOUR_NS
FIRST_NS = 1_567_296_000 * 10**9  # 2019-09-01
DAYS = 550
AS_OF = "2021-03-01"
AS_OF_NS = 1_614_556_800 * 10**9
SYMBOLS = ("AUSDT", "BUSDT", "CUSD", "DUSDT")
MARKETS = """\
  - {symbol: AUSDT, instrument: "A/USDT:USDT", class: large}
  - {symbol: BUSDT, instrument: "B/USDT:USDT", class: thin, adv_usd: 3e7}
  - {symbol: CUSD, instrument: "C/USD:C", class: large, payoff: inverse}
  - {symbol: DUSDT, instrument: "D/USDT:USDT", class: thin}
"""
VENUE = """\
version: 1
venue: {{name: test, label: SYNTHETIC}}
data:
  prices:
    {{format: parquet, path: prices.parquet, columns: {{time: ts, close: close, symbol: symbol}},
     price_kind: synthetic_mark, interval: 8h}}
markets:
{markets}
classes:
  large:
    {{maintenance_horizon_hours: 8, reaction_horizon_hours: 8, liquidation_cost: 0.0005,
     liquidation_fee: 0.001, adv_usd: 1e9, tier_caps_usd: [50_000, 1_000_000, 20_000_000]}}
  thin:
    {{maintenance_horizon_hours: 8, reaction_horizon_hours: 8, liquidation_cost: 0.001,
     liquidation_fee: 0.002, adv_usd: 2e7, tier_caps_usd: [10_000, 100_000, 1_000_000]}}
structure: {{tiers: {{caps: grid, count: auto}}, limits: {{participation: 0.1}}}}
appetite:
  {{profile: moderate, coverage: {level}, largest_peak_to_trough: 2.3, largest_five_day_rise: 1.0}}
model: {{volatility: log_blend}}
operations: {{outage_hours: [24], watched_hours: 8_760, stress: 5, apply: true}}
counterparties: {{institutions: [{{name: desk, grade: AAA}}, {{name: unrated}}]}}
evidence: {{from: 2020-03-01}}
"""


def made() -> dict[str, Bars]:
    """Closes of a volatility in cycles, with a common factor; some come after the set's day."""
    draw, steps = np.random.default_rng(4), 3 * DAYS
    cycle = np.exp(0.5 * np.sin(2 * np.pi * np.arange(steps) / 360))
    common = draw.standard_t(5, steps)
    found = {}
    for place, symbol in enumerate(SYMBOLS):
        move = 0.008 * (1.0 + 0.3 * place) * cycle * (0.6 * common + draw.standard_t(4, steps))
        found[symbol] = Bars(
            market=symbol,
            time_ns=FIRST_NS + STEP_NS * np.arange(steps),
            close=100.0 * np.exp(np.cumsum(move)),
            interval_ns=STEP_NS,
            price_kind=PriceKind.SYNTHETIC_MARK,
        )
    return found


def with_close(bars: Bars, close: np.ndarray) -> Bars:
    return Bars(
        market=bars.market,
        time_ns=bars.time_ns,
        close=close,
        interval_ns=bars.interval_ns,
        price_kind=bars.price_kind,
    )


def write(folder: Path, *, level: str = "0.99", markets: str = MARKETS) -> Path:
    """Write venue file and prices."""
    folder.mkdir(exist_ok=True)
    frames = [
        pl.DataFrame({"ts": bars.time_ns, "close": bars.close, "symbol": name})
        for name, bars in made().items()
    ]
    stamped = pl.concat(frames).with_columns(pl.col("ts").cast(pl.Datetime("ns", "UTC")))
    stamped.write_parquet(folder / "prices.parquet")
    (folder / "venue.yaml").write_text(VENUE.format(level=level, markets=markets.rstrip()))
    return folder


@pytest.fixture(scope="module", autouse=True)
def _policies_after_one_year() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "LEAST_FOLDS", 1)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("appetite") / "venue")


@pytest.fixture(scope="module")
def told(folder: Path) -> tuple[str, Proof]:
    """Print of the command, and the proof of its set."""
    kept: list[Proof] = []
    build = run_module.build_evidence

    def keep(proof: Proof, *rest: Any) -> Evidence:
        kept.append(proof)
        return build(proof, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "build_evidence", keep)
        done = CliRunner().invoke(
            application(),
            ["calibrate", str(folder), "--as-of", AS_OF, "--out", str(folder / "out")],
        )
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    (proof,) = kept
    return done.output, proof


@pytest.fixture(scope="module")
def base(folder: Path, told: tuple[str, Proof]) -> ParameterSet:
    return read_parameters(folder / "out")


# Through the CLI


def test_the_report_holds_the_frontier_the_choice_and_the_policy_in_force(
    folder: Path, told: tuple[str, Proof]
) -> None:
    evidence = json.loads((folder / "out" / "evidence.json").read_text())
    tables = {table["name"]: table for table in evidence["tables"]}
    page = (folder / "out" / "report.md").read_text()
    in_force = evidence["provenance"]["margin_policy"]
    assert in_force != "log_blend"
    assert f"{in_force} (tools:" in evidence["provenance"]["margin_policies"]
    for name in ("policy_frontier", "policy_choices"):
        assert tables[name]["title"] in page, name
    assert in_force in page
    assert f"Margin policy in force: log_blend (tools: none) from the start; {in_force}" in page
    assert "A policy holds the appetite's constraints" in told[0]
    assert "verdict: " in told[0]


# Invariances of the whole


def test_neither_order_nor_units_change_a_published_number(
    base: ParameterSet, tmp_path: Path
) -> None:
    """Markets backwards; prices of one in thousandths, of an inverse one in thousands."""
    backwards = "\n".join(reversed(MARKETS.rstrip().split("\n")))
    venue = write(tmp_path / "venue", markets=backwards)
    unit = {"AUSDT": 1000.0, "CUSD": 0.001}
    bars = {
        name: with_close(one, one.close * unit.get(name, 1.0))
        for name, one in reversed(made().items())
    }
    other = journey.calibrate(venue, data=bars, as_of=AS_OF, workers=1).parameters
    assert other.parameters == base.parameters
    assert other.id != base.id, "the data are others"


class Backwards(SerialExecutor):
    """Works off what it is given from the last to the first, each item as it would travel."""

    def map(
        self,
        function: Callable[[Any], Any],
        items: Sequence[Any],
        progress: Progress = SILENT,
        *,
        label: str = "",
        names: Sequence[str] = (),
    ) -> list[Any]:
        travelled = [pickle.loads(pickle.dumps(item)) for item in reversed(items)]
        found = super().map(function, travelled, progress, label=label)
        return [pickle.loads(pickle.dumps(one)) for one in reversed(found)]


@contextmanager
def backwards(_: int) -> Iterator[Backwards]:
    yield Backwards()


def test_neither_the_future_nor_who_works_changes_a_byte(
    folder: Path, base: ParameterSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(8)
    spoiled = {}
    for name, bars in made().items():
        late = bars.time_ns + bars.interval_ns > AS_OF_NS
        assert late.sum() > 3
        close = bars.close.copy()
        close[late] *= np.exp(draw.normal(0.0, 1.0, int(late.sum())))
        spoiled[name] = with_close(bars, close)
    monkeypatch.setattr(journey, "open_executor", backwards)
    other = journey.calibrate(folder, data=spoiled, as_of=AS_OF, workers=2).parameters
    assert other.canonical() == base.canonical()


def requirement(tiers: Sequence[tuple[float, float]], size: float) -> float:
    """Maintenance margin of marginal rates ``(cap, rate)``, tier by tier."""
    whole, low = 0.0, 0.0
    for cap, rate in tiers:
        whole += rate * max(0.0, min(size, cap) - low)
        low = cap
    return whole


def ladders(parameters: ParameterSet) -> dict[str, list[tuple[float, float]]]:
    return {
        market: [
            (float(tier.cap_usd or 0), float(tier.maintenance_rate))
            for tier in parameters.tiers(market).tiers
        ]
        for market in SYMBOLS
    }


def probes(*tiers: Sequence[tuple[float, float]]) -> np.ndarray:
    """Sizes from 1,000 USD to the smallest top cap, and every cap."""
    top = min(one[-1][0] for one in tiers)
    caps = [cap for one in tiers for cap, _ in one if cap <= top]
    return np.unique([*np.geomspace(1e3, top, 60), *caps])


def test_maintenance_covers_the_need_at_every_size(
    base: ParameterSet, told: tuple[str, Proof]
) -> None:
    """Need by hand: price risk with outages, cost, fee and the square-root law of impact."""
    proof = told[1]
    assert {s.spec.symbol for s in proof.solutions} == set(SYMBOLS)
    for solution in proof.solutions:
        spec, own = solution.spec, proof.problem.risk_class(solution.spec)
        column = proof.markets.index(spec.symbol)
        outage = float(base.get(f"class:{own.name}", "outage_multiplier").value)
        price = float(proof.paths.maintenance[-1, column].max()) * outage
        assert solution.price_risk == pytest.approx(price, rel=1e-12)
        volume = spec.adv_usd or own.adv_usd
        for size in probes(tiers := ladders(base)[spec.symbol]):
            impact = solution.volatility_daily * np.sqrt(size / volume)
            need = size * (price + own.liquidation_cost + own.liquidation_fee + impact)
            assert requirement(tiers, size) >= need * (1.0 - 1e-9), (spec.symbol, size)


def test_outages_are_in_the_level(base: ParameterSet) -> None:
    for name in ("large", "thin"):
        assert base.get(f"class:{name}", "outage_multiplier").value > 1


def test_an_institution_bears_its_multiple_of_the_price_risk_in_the_engine(
    base: ParameterSet, told: tuple[str, Proof]
) -> None:
    """From the set to requirements: the level is price risk times the multiplier, the rest is not.

    Rates are rounded up to a hundredth of a per cent, by less than a dollar of 10,000.
    """
    tiers = {market: base.tiers(market) for market in ("AUSDT", "BUSDT")}
    contracts = {
        market: Perpetual(
            pair=Pair(base=market[0], quote="USD"),
            settle="USD",
            payoff=Payoff.LINEAR,
            contract_size=Decimal(1),
        )
        for market in tiers
    }
    model = WithAddOns(
        model=TieredMargin(pricing=CurrencyPricing()),
        pricing=CurrencyPricing(),
        add_ons=(counterparty_add_on(base),),
    )
    quotes = {market: Quote(mark=100.0, index=100.0) for market in tiers}
    snapshot = MarketSnapshot(at_ns=AS_OF_NS, quotes=quotes)
    prices = {s.spec.symbol: s.price_risk for s in told[1].solutions}
    for market, own in (("AUSDT", "large"), ("BUSDT", "thin")):
        held = (Position(market=market, quantity=100.0, entry_price=100.0),)
        book = Book.from_accounts(
            Account(name=name, positions=held) for name in ("anyone", "desk", "unrated")
        )
        found = model.prepare(snapshot, tiers, contracts).requirements(book)
        anyone, desk, unrated = found.maintenance
        times = float(base.get("counterparty:unrated", f"margin_multiplier.{own}").value)
        assert times > 1.0
        assert base.get("counterparty:desk", f"margin_multiplier.{own}").value == 1
        assert desk == anyone
        added = (times - 1.0) * prices[market] * 10_000.0
        assert added - 1e-6 <= unrated - anyone < added + 1.0


def test_a_stricter_target_lowers_no_market_at_any_size(base: ParameterSet, tmp_path: Path) -> None:
    venue = write(tmp_path / "venue", level="0.995")
    strict = journey.calibrate(venue, as_of=AS_OF, workers=1).parameters
    looser: Mapping[str, list[tuple[float, float]]] = ladders(base)
    for market, tiers in ladders(strict).items():
        for size in probes(tiers, looser[market]):
            assert requirement(tiers, size) > requirement(looser[market], size), (market, size)
