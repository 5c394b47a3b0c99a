"""From a calibrated venue with sides apart, expiry buckets and whole rates to ``plimsoll margin``.

Oracle: the published rates, read as numbers, times the notional (rates hold for the whole of it).
Tolerance 1e-12 relative: a product and a division of floats.
"""

from __future__ import annotations

import json
from contextlib import chdir
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from small_venue import END, VENUE, as_bars, write_venue
from typer.testing import CliRunner, Result

import plimsoll
from plimsoll.adapters.tier_tables import LossyExportError
from plimsoll.adapters.venues import Venue, parse_name
from plimsoll.cli.main import application
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.parameters import ParameterSet
from plimsoll.journeys.margin import margin_book
from plimsoll.journeys.params import difference
from plimsoll.journeys.params_check import check_parameters
from plimsoll.journeys.params_exchange import export_parameters
from plimsoll.margin import CurrencyPricing, TieredMargin
from plimsoll.testing import check_margin_model

AT = "2023-10-28T08:00Z"
MARK = 100.0
BUCKETS = "[{up_to_days: 30, basis_rate: 0.002}, {up_to_days: 90, basis_rate: 0.01}]"
SIDED = (
    VENUE.replace("[50_000]}", f"[50_000, 2_000_000], expiry_buckets: {BUCKETS}}}")
    + "structure: {sides: separate, tiers: {rates: whole}}\n"
)
CONTRACTS = {
    "AUSDT": "AUSDT",
    "AUSDT_231127": "AUSDT#30d",  # expires at 08:00: exactly 30 days after AT
    "AUSDT_231128": "AUSDT#90d",
    "AUSDT_240126": "AUSDT#90d",
    "AUSDT_240127": None,
}
"""Names of contracts of the book, and the market of the set that margins each."""


def skewed() -> Any:
    """Closes that fall half as far again as they rise."""
    bars = as_bars()["AUSDT"]
    steps = np.diff(np.log(bars.close), prepend=np.log(bars.close[0]))
    frame = {
        "ts": bars.time_ns,
        "close": 100.0 * np.exp(np.cumsum(np.where(steps < 0, 1.5, 1) * steps)),
    }
    return pl.DataFrame(frame)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The venue, calibrated."""
    made = write_venue(tmp_path_factory.mktemp("sided"))
    skewed().write_parquet(made / "AUSDT.parquet")
    (made / "venue.yaml").write_text(SIDED)
    result = plimsoll.calibrate(made, as_of=END, out=made / "set")
    checks = {check.name: check for check in result.evidence.checks}
    # 3 markets x 3 tables x 2 sides x 2 caps x 2 sizes, of buckets at both ends: 3 x 5 x 8
    assert checks["Margin engine on probe positions"].found == "120 positions"
    assert checks["Margin engine on probe positions"].verdict is Verdict.HOLDS
    return made


@pytest.fixture(scope="module")
def parameters(folder: Path) -> ParameterSet:
    return plimsoll.read_parameters(folder / "set")


def published(parameters: ParameterSet, market: str, notional: float, *, short: bool) -> Any:
    """Maintenance and initial rate of the tier that a notional reaches."""
    for index in (0, 1):
        prefix = f"{'short.' if short else ''}tier[{index}]"
        if notional <= float(parameters.get(market, f"{prefix}.cap_usd").value):
            return [
                float(parameters.get(market, f"{prefix}.{name}").value)
                for name in ("maintenance_rate", "initial_rate")
            ]
    raise AssertionError(notional)


def book(*rows: str) -> str:
    return "\n".join(["account,market,quantity,entry_price", *rows]) + "\n"


def run(folder: Path, rows: str, *options: str) -> Result:
    """The verb, every account with 6,000 USDT."""
    (folder / "book.csv").write_text(rows)
    accounts = dict.fromkeys(row.split(",")[0] for row in rows.splitlines()[1:])
    held = "".join(f"{account},USDT,6000\n" for account in accounts)
    (folder / "held.csv").write_text(f"account,currency,amount\n{held}")
    (folder / "marks.json").write_text(json.dumps(dict.fromkeys(CONTRACTS, MARK)))
    call = ["margin", "book.csv", "--parameters", "set", "--marks", "marks.json", "--json"]
    call += ["--collateral", "held.csv"]
    with chdir(folder):
        return CliRunner().invoke(application(), [*call, *options])


def test_the_sides_are_apart(parameters: ParameterSet) -> None:
    rates = [published(parameters, "AUSDT", 1.0, short=short)[0] for short in (False, True)]
    assert rates[0] > 1.2 * rates[1]  # falls are half as far again as rises


def test_every_position_asks_what_the_set_publishes(folder: Path, parameters: ParameterSet) -> None:
    rows = [
        f"{market} {quantity},{market},{quantity},{MARK}"
        for market in CONTRACTS
        for quantity in (500, 501, 5_000, -500, -501, -5_000)
    ]
    told = run(folder, book(*rows), "--at", AT)
    assert told.exit_code == 0, told.stderr
    for row in json.loads(told.stdout)["result"]["table"]["rows"]:
        name, quantity = row["account"].split()
        market, notional = CONTRACTS[name], abs(float(quantity)) * MARK
        if market is None:
            assert row["maintenance"] is None
            assert "no tiers in the parameter set" in json.dumps(row)
            continue
        rates = published(parameters, market, notional, short=float(quantity) < 0)
        asked = [row["maintenance"], row["initial"]]
        assert asked == pytest.approx([rate * notional for rate in rates], rel=1e-12)


def test_a_hedge_with_liquidation_prices_and_a_plan(folder: Path) -> None:
    rows = book(f"a,AUSDT,1000,{MARK}", f"a,AUSDT_231127,-1000,{MARK}")
    told = run(folder, rows, "--at", AT, "--health", "--plan", "a")
    assert told.exit_code == 0, told.stderr
    explained = run(folder, rows, "--at", AT, "--explain", "a")
    tables = [row["tier_table"] for row in json.loads(explained.stdout)["result"]["table"]["rows"]]
    assert tables[:2] == ["AUSDT, longs", "AUSDT#30d, shorts"]


def test_a_dated_future_needs_the_time(folder: Path) -> None:
    refused = run(folder, book(f"a,AUSDT_231127,1,{MARK}"))
    assert refused.exit_code == 2
    assert "time to expiry" in refused.stdout + refused.stderr
    assert "--at" in refused.stdout + refused.stderr
    assert run(folder, book(f"a,AUSDT,1,{MARK}")).exit_code == 0


def test_the_perpetual_need_not_be_named(folder: Path, parameters: ParameterSet) -> None:
    (folder / "book.csv").write_text(book(f"a,AUSDT_231127,1,{MARK}"))
    marks = {"AUSDT_231127": MARK}
    found = margin_book(folder / "book.csv", parameters, marks, at=AT, collateral="USDT=1")
    rate = published(parameters, "AUSDT#30d", MARK, short=False)[0]
    assert found.requirements.maintenance[0] == pytest.approx(rate * MARK, rel=1e-12)


def test_the_set_under_the_preset_of_the_venue(folder: Path, parameters: ParameterSet) -> None:
    positions = {"AUSDT": -600}
    options = {"preset": "binance-btcusdt-2024-10", "marks": {"AUSDT": MARK}, "at": AT}
    found = margin_book(positions, parameters, **options)  # type: ignore[call-overload]
    row = next(iter(found.table()))
    rate = published(parameters, "AUSDT", 60_000.0, short=True)[0]
    assert row["maintenance"] == pytest.approx(rate * 60_000.0, rel=1e-12)
    assert any(f"Tables of set {parameters.id[:12]}" in note for note in found.table().notes)


def test_the_set_is_checked_compared_and_not_exported_in_silence(
    folder: Path, parameters: ParameterSet
) -> None:
    assert check_parameters(parameters).faults == ()
    changed = plimsoll.read_parameters(folder / "set")
    assert not difference(parameters, changed).rows
    with pytest.raises(LossyExportError) as refused:
        export_parameters(folder / "set", "binance-usdm")
    why = {(loss.market, loss.name): loss.why for loss in refused.value.losses}
    assert "shorts alone" in why["AUSDT", "short.tier[0].maintenance_rate"]
    assert "dated futures" in why["AUSDT#30d", "tier[0].cap_usd"]
    assert "whole notional" in why["AUSDT", "tiers.marginal_share"]
    lossy = export_parameters(folder / "set", "binance-usdm", lossy=True)
    assert "#30d" not in lossy.text


def test_the_model_holds_what_every_margin_model_must(parameters: ParameterSet) -> None:
    instruments: dict[str, Instrument] = {
        name: parse_name(name, Venue.BINANCE_USDM).with_contract_size(Decimal(1))
        for name in ("AUSDT", "BUSDT", "AUSDT_231127", "AUSDT_240126")
    }
    expiry = instruments["AUSDT_231127"].expiry_ns
    snapshot = MarketSnapshot(
        at_ns=expiry - 30 * 86_400 * 10**9,
        quotes={market: Quote(mark=MARK, index=MARK) for market in instruments},
        stable_price_usd={"USDT": 1.0},
    )
    model = TieredMargin(pricing=CurrencyPricing())
    found = check_margin_model(model, parameters, snapshot, instruments, books=4)
    assert [finding for finding in found if finding.verdict.value == "failed"] == []
