"""Generated evidence for the tests of the report: seeded, consistent in itself, SYNTHETIC.

Markets, margins and losses are drawn at random; breaches, rates and zones are counted from the
series, so that the tables and the pictures must agree.
"""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np

from plimsoll.domain.evidence import Check, Evidence, Verdict
from plimsoll.domain.parameters import Origin, Parameter, ParameterSet, Unit, parameter_set
from plimsoll.domain.table import Cell, ColumnKind, Table
from report_scores import (
    DAY_NS,
    START_NS,
    class_of,
    columns,
    coverage_table,
    drawn_series,
    pooled_table,
    procyclicality_table,
)

LABEL = "SYNTHETIC marks (generated, not market data)"
SPOT_LABEL = "spot closes standing in for marks"
HOSTILE = "<script>alert('x')</script>"
_NAMES = (
    "BTC ETH SOL XRP DOGE ADA AVAX LINK DOT LTC BCH TRX ATOM NEAR UNI APT ARB OP FIL "
    "INJ SUI TIA SEI AAVE MKR LDO SNX CRV COMP GRT SAND MANA AXS APE GALA CHZ ENS "
    "DYDX 1000PEPE 1000SHIB 1000FLOKI ORDI WLD JTO PYTH STRK BLUR FTM"
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
                (market, class_of(rank), tier + 1, cap, maintenance * scale, maintenance * 0.06,
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
    coverage, pooled = coverage_table(series), pooled_table(series)
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
            procyclicality_table(series),
            *_findings(names, findings),
            _incumbent(names),
            _models(),
            coverage_table(series, "coverage_reaction", "Reaction-time coverage"),
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
