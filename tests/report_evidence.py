"""Generated evidence for the tests of the report: seeded, consistent in itself, SYNTHETIC.

Markets, margins and losses are drawn at random; breaches, rates and zones are counted from the
series, so that the tables and the pictures must agree.
"""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
from scipy.special import bdtr, gammaincc

from plimsoll.domain.evidence import Check, CoverageSeries, Evidence, Verdict
from plimsoll.domain.parameters import Origin, Parameter, ParameterSet, Unit, parameter_set
from plimsoll.domain.table import Cell, Column, ColumnKind, Table

LABEL = "SYNTHETIC marks (generated, not market data)"
SPOT_LABEL = "spot closes standing in for marks"
HOSTILE = "<script>alert('x')</script>"
TARGET = 0.01
DAY_NS = 86_400_000_000_000
START_NS = 1_609_459_200_000_000_000
_NAMES = (
    "BTC ETH SOL XRP DOGE ADA AVAX LINK DOT LTC BCH TRX ATOM NEAR UNI APT ARB OP FIL "
    "INJ SUI TIA SEI AAVE MKR LDO SNX CRV COMP GRT SAND MANA AXS APE GALA CHZ ENS "
    "DYDX 1000PEPE 1000SHIB 1000FLOKI ORDI WLD JTO PYTH STRK BLUR FTM"
)


def columns(
    *parts: tuple[str, str, ColumnKind] | tuple[str, str, ColumnKind, str, int],
) -> tuple[Column, ...]:
    """Columns from short tuples of name, title, kind and, where it matters, unit and digits."""
    made = []
    for part in parts:
        name, title, kind = part[:3]
        unit, digits = part[3:] if len(part) == 5 else ("", 2)
        about = f"{title} of the market, as the generator drew it."
        made.append(
            Column(name=name, title=title, kind=kind, unit=unit, digits=digits, about=about)
        )
    return tuple(made)


def drawn_series(market: str, seed: int, days: int) -> tuple[CoverageSeries, CoverageSeries]:
    """Long and short side of a market with clustered volatility and fat tails."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(0.02, 0.06)
    variance = np.empty(days)
    shock = rng.standard_t(4, days) / math.sqrt(2)
    variance[0] = level**2
    for t in range(1, days):
        variance[t] = level**2 * 0.03 + variance[t - 1] * (0.89 + 0.08 * shock[t - 1] ** 2)
    move = np.sqrt(variance) * shock
    margin = 2.65 * np.sqrt(variance) * rng.uniform(0.97, 1.12)
    times = START_NS + DAY_NS * np.arange(days, dtype=np.int64)
    sides = {"long": -np.expm1(np.clip(move, -2, 0.9)), "short": np.expm1(np.clip(move, -2, 0.9))}
    long, short = (
        CoverageSeries(
            market=market, side=side, horizon="8 h", time_ns=times, margin=margin, loss=loss
        )
        for side, loss in sides.items()
    )
    return long, short


def _kupiec(count: int, breaches: int) -> float:
    share = breaches / count

    def likelihood(p: float) -> float:
        hit = breaches * math.log(p) if breaches else 0.0
        return hit + (count - breaches) * math.log(1 - p)

    ratio = 2 * (likelihood(share) - likelihood(TARGET))
    return float(gammaincc(0.5, max(0.0, ratio) / 2))


def _zone(count: int, breaches: int) -> str:
    below = float(bdtr(breaches - 1, count, TARGET)) if breaches else 0.0
    return "green" if below < 0.95 else "yellow" if below < 0.9999 else "red"


def _coverage_row(series: CoverageSeries, rank: int) -> tuple[Cell, ...]:
    count, breaches = series.time_ns.size, int(series.breaches.sum())
    excess = (series.loss - series.margin)[series.breaches]
    rng = np.random.default_rng(900 + rank)
    return (
        series.market,
        _class_of(rank // 2),
        series.side,
        8.0,
        count,
        breaches,
        breaches / count,
        TARGET,
        _kupiec(count, breaches),
        float(rng.uniform(0.001, 1)),
        float(rng.uniform(0.001, 1)),
        _zone(count, breaches),
        float(excess.max()) if breaches else 0.0,
        float(series.margin.mean()),
    )


def _class_of(rank: int) -> str:
    return "large" if rank < 8 else "mid" if rank < 30 else "thin"


def _coverage(
    series: tuple[CoverageSeries, ...],
    name: str = "coverage",
    title: str = "Coverage by market and side",
) -> Table:
    k = ColumnKind
    return Table(
        name=name,
        title=title,
        columns=columns(
            ("market", "Market", k.TEXT),
            ("class", "Class", k.TEXT),
            ("side", "Side", k.TEXT),
            ("horizon_hours", "Horizon", k.NUMBER, "h", 0),
            ("n", "Scored", k.COUNT),
            ("breaches", "Breaches", k.COUNT),
            ("breach_rate", "Breach rate", k.FRACTION),
            ("target", "Target", k.FRACTION),
            ("kupiec_p", "Kupiec p", k.NUMBER, "", 3),
            ("independence_p", "Independence p", k.NUMBER, "", 3),
            ("conditional_p", "Conditional p", k.NUMBER, "", 3),
            ("zone", "Zone", k.TEXT),
            ("worst_exceedance", "Worst exceedance", k.FRACTION),
            ("mean_margin", "Mean margin", k.FRACTION),
        ),
        rows=tuple(_coverage_row(item, rank) for rank, item in enumerate(series)),
        notes=(
            "Independence is the first-order Markov test of Christoffersen (1998) on breaches of "
            "consecutive, non-overlapping horizons; conditional is the sum of both statistics.",
            "Zones are tail probabilities of the binomial law: yellow from 95 %, red from 99.99 %.",
        ),
    )


def _pooled(series: tuple[CoverageSeries, ...]) -> Table:
    k = ColumnKind
    count = sum(s.time_ns.size for s in series)
    breaches = sum(int(s.breaches.sum()) for s in series)
    margin = float(np.mean([s.margin.mean() for s in series]))
    rows = (
        (
            "maintenance, all markets",
            count,
            breaches,
            breaches / count,
            0.0006,
            TARGET,
            0.31,
            margin,
        ),
        ("initial, all markets", count, 214, 214 / count, 0.0002, 0.0005, 0.02, margin * 1.6),
    )
    return Table(
        name="coverage_pooled",
        title="Coverage, pooled",
        columns=columns(
            ("scope", "Scope", k.TEXT),
            ("n", "Scored", k.COUNT),
            ("breaches", "Breaches", k.COUNT),
            ("breach_rate", "Breach rate", k.FRACTION, "", 3),
            ("standard_error", "Standard error", k.FRACTION, "", 3),
            ("target", "Target", k.FRACTION, "", 3),
            ("p_value", "p", k.NUMBER, "", 3),
            ("mean_margin", "Mean margin", k.FRACTION),
        ),
        rows=rows,
        notes=("Standard errors are clustered by day: markets crash together.",),
    )


def _procyclicality(series: tuple[CoverageSeries, ...]) -> Table:
    k = ColumnKind
    rows = []
    for item in series:
        margin = item.margin
        calls = [
            float(np.max(np.maximum(0, margin[lag:] - margin[:-lag])))
            if margin.size > lag
            else None
            for lag in (1, 5, 20)
        ]
        full = float(margin.max() / margin.min())
        year = float(margin[-365:].max() / margin[-365:].min())
        rows.append((item.market, item.side, float(margin.mean()), year, full, *calls))
        if item.side == "short":
            rows.append((item.market, "published", 1.1 * float(margin.mean()), year, 2.0, *calls))
    return Table(
        name="procyclicality",
        title="Cost and procyclicality by market and side",
        columns=columns(
            ("market", "Market", k.TEXT),
            ("side", "Side", k.TEXT),
            ("mean_margin", "Mean margin", k.FRACTION),
            ("peak_to_trough_year", "Peak to trough, last year", k.NUMBER, "ratio", 2),
            ("peak_to_trough_full", "Peak to trough, whole period", k.NUMBER, "ratio", 2),
            ("call_1d", "Largest 1-day call", k.FRACTION),
            ("call_5d", "Largest 5-day call", k.FRACTION),
            ("call_20d", "Largest 20-day call", k.FRACTION),
        ),
        rows=tuple(rows),
    )


def _rates(rank: int) -> tuple[Decimal, Decimal]:
    maintenance = Decimal("0.0040") + Decimal("0.0015") * rank
    return maintenance, maintenance * 2


def _origin(rank: int) -> Origin:
    return list(Origin)[(0, 0, 0, 1, 0, 2, 0, 3)[rank % 8]]


def _parameters(markets: tuple[str, ...]) -> Table:
    k = ColumnKind
    rows = []
    for rank, market in enumerate(markets):
        maintenance, initial = (float(rate) for rate in _rates(rank))
        for tier, cap in enumerate((50_000.0, 250_000.0, None)):
            scale = 1 + 0.5 * tier
            rows.append(
                (market, _class_of(rank), tier + 1, cap, maintenance * scale, maintenance * 0.06,
                 initial * scale, initial * 0.07, math.floor(1 / (initial * scale)),
                 _origin(rank).value)
            )  # fmt: skip
    return Table(
        name="parameters",
        title="Candidate parameters by tier",
        columns=columns(
            ("market", "Market", k.TEXT),
            ("class", "Class", k.TEXT),
            ("tier", "Tier", k.COUNT),
            ("cap_usd", "Notional up to", k.MONEY, "USD", 0),
            ("maintenance_rate", "Maintenance", k.FRACTION),
            ("maintenance_se", "Maintenance s.e.", k.FRACTION),
            ("initial_rate", "Initial", k.FRACTION),
            ("initial_se", "Initial s.e.", k.FRACTION),
            ("max_leverage", "Leverage up to", k.NUMBER, "x", 0),
            ("origin", "Origin", k.TEXT),
        ),
        rows=tuple(rows),
        notes=("The last tier is open; its cap is missing.",),
    )


def _before_after(markets: tuple[str, ...]) -> Table:
    k = ColumnKind
    rows: list[tuple[Cell, ...]] = []
    for rank, market in enumerate(markets):
        maintenance, initial = (float(rate) for rate in _rates(rank))
        if rank % 9 == 4:
            rows.append((market, None, maintenance, None, None, initial, "no incumbent"))
        else:
            before = maintenance * (1.2 - 0.05 * (rank % 8))
            change = maintenance - before
            rows.append((market, before, maintenance, change, before * 2, initial, ""))
    return Table(
        name="before_after",
        title="Incumbent and candidate, first tier",
        columns=columns(
            ("market", "Market", k.TEXT),
            ("maintenance_before", "Maintenance before", k.FRACTION),
            ("maintenance_after", "Maintenance after", k.FRACTION),
            ("change", "Change", k.FRACTION),
            ("initial_before", "Initial before", k.FRACTION),
            ("initial_after", "Initial after", k.FRACTION),
            ("reason", "Reason", k.TEXT),
        ),
        rows=tuple(rows),
    )


def _findings(markets: tuple[str, ...], count: int) -> tuple[Table, Table]:
    k = ColumnKind
    rng = np.random.default_rng(5)
    kinds = ("gap", "stale_run", "reverting_spike", "suspicious_move", "unit_slip", "flat_outage")
    actions = ("keep", "mask", "mask", "keep", "mask", "mask")
    rows = []
    for _ in range(count):
        pick, bars = int(rng.integers(len(kinds))), int(rng.integers(1, 60))
        first = START_NS + int(rng.integers(0, 30_000)) * (DAY_NS // 24)
        rows.append(
            (str(rng.choice(markets)), kinds[pick], first, first + bars * (DAY_NS // 24), bars,
             float(rng.normal(0, 4)), f"{bars} bars that differ from what was usual before",
             actions[pick])
        )  # fmt: skip
    listed = Table(
        name="findings",
        title="Findings",
        columns=columns(
            ("market", "Market", k.TEXT),
            ("kind", "Kind", k.TEXT),
            ("first", "First", k.TIME, "UTC", 0),
            ("last", "Last", k.TIME, "UTC", 0),
            ("bars", "Bars", k.COUNT),
            ("value", "Value", k.NUMBER, "", 4),
            ("detail", "Detail", k.TEXT),
            ("action", "Action", k.TEXT),
        ),
        rows=tuple(rows),
    )
    by_kind = tuple(
        (
            kind,
            len({r[0] for r in rows if r[1] == kind}),
            sum(r[1] == kind for r in rows),
            sum(r[4] for r in rows if r[1] == kind),
            action,
        )
        for kind, action in zip(kinds, actions, strict=True)
    )
    counted = Table(
        name="findings_by_kind",
        title="Findings by kind",
        columns=columns(
            ("kind", "Kind", k.TEXT),
            ("markets", "Markets", k.COUNT),
            ("count", "Findings", k.COUNT),
            ("bars", "Bars", k.COUNT),
            ("action", "Action", k.TEXT),
        ),
        rows=by_kind,
        notes=("Action is that of the venue file's policy.",),
    )
    return counted, listed


def _models() -> Table:
    k = ColumnKind
    return Table(
        name="models",
        title="Models on the same days",
        columns=columns(
            ("model", "Model", k.TEXT),
            ("breach_rate", "Breach rate", k.FRACTION),
            ("mean_margin", "Mean margin", k.FRACTION),
            ("cost_at_equal_coverage", "Margin at equal coverage", k.FRACTION),
            ("fz0", "FZ0 score", k.NUMBER, "", 4),
            ("peak_to_trough", "Peak to trough", k.NUMBER, "ratio", 2),
        ),
        rows=(
            ("GJR-GARCH-t, filtered historical simulation", 0.0101, 0.1042, 0.1045, -1.8312, 6.1),
            ("EWMA-t", 0.0113, 0.1088, 0.1123, -1.7954, 5.2),
            ("historical simulation, 250 days", 0.0142, 0.1211, 0.1390, -1.6031, 3.0),
        ),
    )


def _incumbent(markets: tuple[str, ...]) -> Table:
    k = ColumnKind
    rows = tuple(
        (market, 0.012 + 0.0004 * (i % 7), 0.0098, 0.11, 0.104, "") if i % 9 != 4
        else (market, None, 0.0098, None, 0.104, "no incumbent")
        for i, market in enumerate(markets)
    )  # fmt: skip
    return Table(
        name="incumbent",
        title="Incumbent and candidate on the same days",
        columns=columns(
            ("market", "Market", k.TEXT),
            ("incumbent_breach_rate", "Incumbent breach rate", k.FRACTION),
            ("candidate_breach_rate", "Candidate breach rate", k.FRACTION),
            ("incumbent_margin", "Incumbent mean margin", k.FRACTION),
            ("candidate_margin", "Candidate mean margin", k.FRACTION),
            ("reason", "Reason", k.TEXT),
        ),
        rows=rows,
        notes=("Judged on data after the incumbent's date only.",),
    )


def _stages() -> Table:
    k = ColumnKind
    return Table(
        name="stages",
        title="Stages",
        columns=columns(("stage", "Stage", k.TEXT), ("rows", "Rows", k.COUNT)),
        rows=(("read", 2_100_000), ("walk-forward", 60_000)),
    )


def sample_parameters(markets: tuple[str, ...], label: str = LABEL) -> ParameterSet:
    """A small parameter set of the given markets."""
    made = tuple(
        Parameter(
            market=market,
            name="tier[0].maintenance_rate",
            value=_rates(rank)[0],
            unit=Unit.FRACTION,
            lower=Decimal("0.001"),
            upper=Decimal("0.9"),
            grid=Decimal("0.0001"),
            owner="risk committee",
            origin=_origin(rank),
            standard_error=Decimal("0.0003"),
        )
        for rank, market in enumerate(markets)
    )
    return parameter_set(
        venue="Sandbox venue",
        valid_from="2024-06-10T00:00:00Z",
        parameters=made,
        seed=7,
        data_digest="5d" * 32,
        problem_digest="a1" * 32,
        code_version="0.1.0",
        label=label,
    )


def sample_markets(count: int, hostile: bool) -> tuple[str, ...]:
    """Names of perpetuals; the last one hostile to a careless page, if wished."""
    quotes = ("USDT", "USDC")
    coins = _NAMES.split()
    pairs = [(coin, quote) for quote in quotes for coin in coins]
    names = tuple(f"{coin}/{quote}:{quote}" for coin, quote in pairs[:count])
    return (*names[:-1], HOSTILE) if hostile else names


def sample_evidence(
    *,
    markets: int = 8,
    days: int = 300,
    findings: int = 40,
    hostile: bool = False,
    label: str = LABEL,
    seed: int = 11,
    breach: bool = False,
) -> tuple[Evidence, ParameterSet]:
    """Evidence and its set; the same arguments give the same objects."""
    names = sample_markets(markets, hostile)
    series = tuple(s for i, n in enumerate(names) for s in drawn_series(n, seed + i, days))
    parameters = sample_parameters(names, label)
    coverage, pooled = _coverage(series), _pooled(series)
    rate = next(iter(pooled))["breach_rate"]
    checks = (
        Check(
            name="Pooled maintenance coverage",
            verdict=Verdict.BREACH if breach else Verdict.HOLDS,
            found=f"breach rate {100 * float(str(rate)):.3f} % ± 0.060 % (p = 0.31)",
            demanded="1.00 % at most, day-clustered two-sided test at 5 %",
        ),
        Check(
            name="No market in the red zone",
            verdict=Verdict.HOLDS,
            found="0 of 96 market-sides red, 5 amber",
            demanded="none beyond the 99.99 % point of the binomial law",
        ),
        Check(
            name="Independence of breaches",
            verdict=Verdict.NOT_PROVEN,
            found="41 of 96 market-sides have fewer than 5 breaches",
            demanded="Christoffersen (1998) not rejected at 1 % after Holm's correction",
        ),
    )
    evidence = Evidence(
        parameter_set_id=parameters.id,
        label=label,
        checks=checks,
        tables=(
            _parameters(names),
            _before_after(names),
            coverage,
            pooled,
            _procyclicality(series),
            *_findings(names, findings),
            _incumbent(names),
            _models(),
            _coverage(series, "coverage_reaction", "Reaction-time coverage"),
            _stages(),
        ),
        series=series,
        limits=(
            "Hourly closes cannot test a close-out that takes less than an hour.",
            "Liquidation cost is a stated assumption: no order book was in the data.",
            "Generated histories hold only the crashes that the generator was told to make.",
        ),
        provenance={
            "as_of": "2024-06-03T00:00:00Z",
            "estimator": "GJR-GARCH(1,1)-t, filtered historical simulation",
            "numpy": "2.3.0",
            "workers": "2 (does not change the result)",
        },
    )
    return evidence, parameters
