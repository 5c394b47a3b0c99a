"""``plimsoll margin --preset`` from end to end, against published and hand-made numbers."""

from __future__ import annotations

import json
from contextlib import chdir
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

import plimsoll
from plimsoll import presets
from plimsoll.cli.main import application
from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.option_chain import OptionChain
from plimsoll.errors import DataError, PlimsollError, UsageError
from plimsoll.journeys.margin_summary import account_summaries
from plimsoll.sandbox.option_chain import option_chain
from plimsoll.sandbox.option_chain_table import chain_table

BOOK = {"BTC-PERPETUAL": 10, "BTC-26SEP25-120000-C": -5, "BTC-28MAR25-90000-P": 4}
PORTFOLIO = ("deribit", "deribit-cross", "paradex", "okx", "bybit", "span-16", "derive-pmrm2")


@cache
def chain(coin: str = "BTC") -> OptionChain:
    """The sandbox's chain under the name of a coin that presets know. SYNTHETIC."""
    made = option_chain(1).chain
    return replace(
        made,
        pair=replace(made.pair, base=coin),
        settle=coin,
        names=tuple(name.replace("HELM", coin) for name in made.names),
    )


def margin(book: Any = BOOK, preset: str = "deribit", **options: Any) -> plimsoll.PresetMargin:
    given: dict[str, Any] = {"market": chain(), "collateral": {"BTC": 3}, **options}
    return plimsoll.margin_book(book, preset=preset, **given)


def row(result: plimsoll.PresetMargin) -> dict[str, Any]:
    return dict(next(iter(result.table())))


# ---- numbers ------------------------------------------------------------------------------------


def test_deribits_published_example_through_the_front_door() -> None:
    """Sizes in coins, marks of the response: risk matrix and maintenance to the printed digits.

    Source: the documentation of pme/simulate, 17 June 2024 (`reference/methodology.md`, 1.3).
    """
    marks = {
        "market": ["BTC-PERPETUAL", "BTC-28JUN24"],
        "mark": [65_910.57, 67_371.75],
        "index": [65_666.19, None],
    }
    found = plimsoll.margin_book(
        {"BTC-PERPETUAL": 0.314538364, "BTC-28JUN24": -0.001187534},
        preset="deribit",
        marks=pl.DataFrame(marks),
        at="2024-06-17T10:22:20",
        collateral={"BTC": 1},
    )
    assert row(found)["maintenance"] == pytest.approx(0.050274504784, abs=1e-15)
    explained = found.explanations()[0]
    named = {t.name: t.initial for t in explained.terms}
    assert named["roll_shock"] == pytest.approx(0.00315725898, abs=1e-15)
    assert explained.initial == pytest.approx(0.06284313098, abs=1e-15)


def test_standard_margin_by_hand() -> None:
    # 2 coins: IM 2 x (2 % + 0.005 % x 2), MM 2 x (1 % + 0.005 % x 2) (support page, January 2022)
    found = plimsoll.margin_book(
        {"BTC-PERPETUAL": 2},
        preset="deribit-standard",
        marks=[{"market": "BTC-PERPETUAL", "mark": 60_000, "index": 60_000}],
        collateral={"BTC": 1},
    )
    assert (row(found)["initial"], row(found)["maintenance"]) == pytest.approx((0.0402, 0.0202))


def test_binance_by_hand() -> None:
    # 20 BTC at 60,000 = 1.2m: 0.65 % less 950
    marks = [{"market": "BTCUSDT", "mark": 60_000, "index": 60_000}]
    found = plimsoll.margin_book(
        [{"account": "a", "market": "BTCUSDT", "quantity": 20, "entry_price": 60_000}],
        preset="binance-btcusdt-2024-10",
        marks=marks,
        collateral={"USDT": 10_000},
    )
    assert row(found)["maintenance"] == pytest.approx(1.2e6 * 0.0065 - 950)
    assert row(found)["status"] == "under initial"
    same = plimsoll.margin_book(
        {"BTC-PERPETUAL": 20},
        preset="binance-btcusdt-2024-10",
        marks=[{"market": "BTC-PERPETUAL", "mark": 60_000, "index": 60_000}],
        collateral={"USDT": 10_000},
    )
    assert row(same)["maintenance"] == row(found)["maintenance"]
    assert any("linear contract of the same terms" in note for note in same.notes)


def test_hyperliquid_and_dydx_by_hand() -> None:
    marks = [{"market": m, "mark": 50_000, "index": 50_000} for m in ("BTC", "BTC-USD")]
    hyper = plimsoll.margin_book({"BTC": 2}, preset="hyperliquid", marks=marks[:1])
    assert row(hyper)["maintenance"] == pytest.approx(100_000 / 80)
    dydx = plimsoll.margin_book({"BTC-USD": 2}, preset="dydx-v4", marks=marks[1:])
    found = (row(dydx)["initial"], row(dydx)["maintenance"])
    assert found == pytest.approx((100_000 * 0.02, 100_000 * 0.02 * 0.6))


def test_dydx_without_open_interest_has_a_reason() -> None:
    marks = [{"market": "SOL-USD", "mark": 100, "index": 100}]
    found = plimsoll.margin_book({"SOL-USD": 2}, preset="dydx-v4", marks=marks)
    assert row(found)["status"] == "unknown"
    stated = [{**marks[0], "open_interest_usd": 70e6}]
    known = plimsoll.margin_book({"SOL-USD": 2}, preset="dydx-v4", marks=stated)
    # half way between 40m and 100m: 5 % + 95 % / 2
    assert row(known)["initial"] == pytest.approx(200 * 0.525)


@pytest.mark.parametrize("preset", PORTFOLIO)
def test_terms_and_contributions_add_up(preset: str) -> None:
    result = margin(preset=preset)
    explained = result.explanations()[0]
    initial, maintenance = 0.0, 0.0
    for term in explained.terms:
        initial, maintenance = initial + term.initial, maintenance + term.maintenance
    assert (initial, maintenance) == (explained.initial, explained.maintenance)
    assert (explained.initial, explained.maintenance) == (
        row(result)["initial"],
        row(result)["maintenance"],
    )
    target = sum(t.maintenance for t in explained.terms if t.name == explained.contributions[0].of)
    total = sum(c.contribution for c in explained.contributions)
    assert total == pytest.approx(target, rel=1e-12)
    assert row(result)["initial"] >= row(result)["maintenance"] > 0.0


@pytest.mark.parametrize("preset", presets.names())
def test_accuracy_and_source_stand_wherever_a_number_does(preset: str) -> None:
    result = margin(preset=preset)
    loaded = presets.load(preset)
    source = str(loaded.sources[0])
    for table in (result.table(), *(result.explain() if result.explanations() else ())):
        notes = " ".join(table.notes)
        assert loaded.accuracy.value in notes
        assert source in notes
    document = result.document()
    assert document["preset"]["accuracy"] == loaded.accuracy.value
    assert document["preset"]["sources"][0]["title"] == loaded.sources[0].title
    page = result.to_html()
    assert loaded.accuracy.value in page
    assert loaded.sources[0].date in page


# ---- forms of a book, market --------------------------------------------------------------------


def test_contracts_coins_and_columns_agree() -> None:
    coins = margin()
    mark = chain().index[np.isfinite(chain().index)]
    dollars = 10 * float(np.median(mark))
    rows = [
        {"account": "account", "market": "BTC-PERPETUAL", "quantity": dollars},
        *({"account": "account", "market": m, "quantity": q} for m, q in list(BOOK.items())[1:]),
    ]
    contracts = margin(rows)
    assert row(contracts)["initial"] == pytest.approx(row(coins)["initial"], rel=1e-12)


def test_several_accounts_and_currencies() -> None:
    eth = replace(chain("ETH"), index=chain("ETH").index / 30, forward=chain("ETH").forward / 30)
    accounts = [
        {"account": "both", "positions": {"BTC-PERPETUAL": 1, "ETH-PERPETUAL": -10},
         "collateral": {"BTC": 1, "ETH": 1}},
        {"account": "one", "positions": {"ETH-PERPETUAL": 10}},
    ]  # fmt: skip
    result = margin(accounts, market=[chain(), eth], collateral=None)
    rows = {(r["account"], r["currency"]): r for r in result.table()}
    assert list(rows) == [("both", "BTC"), ("both", "ETH"), ("one", "ETH")]
    # a long coin-settled perpetual loses 0.16 / 0.84 of its coins, a short ETH one 0.18 / 1.18
    assert rows["both", "BTC"]["initial"] == pytest.approx(0.16 / 0.84 + 0.01, abs=1e-9)
    assert rows["both", "ETH"]["initial"] == pytest.approx(10 * (0.18 / 1.18 + 0.005), abs=1e-8)
    assert rows["both", "ETH"]["status"] == "under maintenance"
    assert rows["one", "ETH"]["status"] == "no collateral stated"
    assert result.under_maintenance == ("both",)
    only = margin(accounts, market=[chain(), eth], collateral=None, numeraire="ETH")
    assert only.currencies == ("ETH",)


def test_reasons_leave_the_rest_computed() -> None:
    accounts = [
        {"account": "good", "positions": {"BTC-PERPETUAL": 1}, "collateral": {"BTC": 1}},
        *(
            {"account": name, "positions": {name: 1, "BTC-PERPETUAL": 1}, "collateral": {"BTC": 1}}
            for name in (
                "NONSENSE",
                "BTC-27DEC24-50000-C",
                "BTC-26SEP25-121000-C",
                "BTC-26DEC28-50000-C",
                "XYZ-PERPETUAL",
                "SOL_USDC-PERPETUAL",
            )
        ),
        {"account": "null", "positions": {"BTC-PERPETUAL": None}, "collateral": {"BTC": 1}},
    ]
    result = margin(accounts, collateral=None)
    rows = [dict(r) for r in result.table()]
    reasons: dict[str, str] = {}
    for r in rows:
        reasons[str(r["account"])] = reasons.get(str(r["account"]), "") + str(r["reason"])
    assert reasons["good"] == ""
    assert reasons["NONSENSE"] == "NONSENSE: unknown instrument"
    assert reasons["BTC-27DEC24-50000-C"].endswith("expired and not settled")
    assert (
        "no mark" in reasons["BTC-26SEP25-121000-C"] or "no vol" in reasons["BTC-26SEP25-121000-C"]
    )
    assert "no forward" in reasons["BTC-26DEC28-50000-C"]
    assert reasons["XYZ-PERPETUAL"].startswith("XYZ-PERPETUAL: no ")
    assert reasons["SOL_USDC-PERPETUAL"].startswith("SOL_USDC-PERPETUAL: no ")
    assert reasons["null"] == "BTC-PERPETUAL: the position's size is not a number"
    good = next(r for r in rows if r["account"] == "good")
    assert good["status"] == "holds"
    assert set(result.unknown) == {a["account"] for a in accounts} - {"good"}


@pytest.mark.parametrize("preset", presets.names())
def test_no_preset_falls_over_a_strange_book(preset: str) -> None:
    book = {"NONSENSE": 1, "BTC-27DEC24-50000-C": 2, "XYZ-PERPETUAL": -3, "BTC-PERPETUAL": 1,
            "ETH-26SEP25-5000-P": 1, "BTC_USDC": 2}  # fmt: skip
    result = margin(book, preset, collateral={"BTC": 1, "DOGE": 5, "USDC": -3})
    assert result.unknown == ("account",)
    assert str(result)


def test_without_collateral_nothing_is_judged() -> None:
    result = margin(collateral=None)
    assert row(result)["status"] == "no collateral stated"
    assert np.isnan(row(result)["equity"])
    assert row(result)["initial"] == row(margin())["initial"]
    assert not result.under_maintenance
    assert not result.unknown
    assert any("No collateral was stated" in note for note in result.notes)
    assert row(margin(collateral={"BTC": 0}))["status"] == "under maintenance"


def test_marks_stand_over_the_chain() -> None:
    marks = {"BTC-PERPETUAL": 96_000}
    result = margin(marks=marks)
    assert not any("the index stands in" in note for note in result.notes)
    assert any("the index stands in" in note for note in margin().notes)


def test_a_book_in_memory_is_not_a_form_here() -> None:
    held = Book.from_accounts(
        [
            Account(
                name="a", positions=(Position(market="BTC-PERPETUAL", quantity=1, entry_price=1),)
            )
        ]
    )
    with pytest.raises(PlimsollError, match="must be a path"):
        margin(held)


# ---- what-if ------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", [*PORTFOLIO, "deribit-standard"])
def test_trades_at_the_mark_change_no_equity(preset: str) -> None:
    entry = [
        {
            "account": "account",
            "market": "BTC-PERPETUAL",
            "quantity": 500_000,
            "entry_price": 90_000,
        },
        {"account": "account", "market": "BTC-26SEP25-120000-C", "quantity": -5},
    ]
    result = margin(entry, preset)
    for change in (
        {"simulated_positions": {"BTC-PERPETUAL": -7, "BTC-28MAR25-90000-P": 3}},
        {"simulated_positions": {"BTC-26SEP25-120000-C": 5}},
        {"remove_positions": ["BTC-PERPETUAL"]},
        {"simulated_positions": {"BTC-28MAR25-90000-P": 1}, "add_positions": False},
    ):
        reply = result.what_if(change).reply()
        before, after = reply["before"][0], reply["after"][0]
        assert after["equity"] == pytest.approx(before["equity"], rel=1e-12)
        assert reply["difference"][0]["initial_margin"] == pytest.approx(
            after["initial_margin"] - before["initial_margin"]
        )


def test_what_if_equals_the_book_it_describes() -> None:
    other = {"BTC-PERPETUAL": 7, "BTC-28MAR25-90000-P": 4, "BTC-26SEP25-100000-C": 1}
    asked = margin().what_if(
        simulated_positions={"BTC-PERPETUAL": -3, "BTC-26SEP25-100000-C": 1},
        remove_positions=["BTC-26SEP25-120000-C"],
    )
    found = asked.reply()["after"][0]
    want = row(margin(other))
    assert found["initial_margin"] == pytest.approx(want["initial"], rel=1e-12)
    assert found["net_maintenance_margin"] == pytest.approx(want["maintenance"], rel=1e-12)
    instead = margin().what_if(simulated_positions=other, add_positions=False)
    assert instead.reply()["after"][0]["initial_margin"] == pytest.approx(
        want["initial"], rel=1e-12
    )


def test_a_fall_of_the_index_costs_what_the_scenario_says() -> None:
    """The hypothetical market and the model's own grid revalue alike: a coin-settled perpetual."""
    result = margin({"BTC-PERPETUAL": 10})
    index = float(np.median(chain().index[np.isfinite(chain().index)]))
    moved = result.what_if(index_prices={"BTC": 0.84 * index}).reply()
    loss = -moved["difference"][0]["equity"]
    assert loss == pytest.approx(10 * (1 / 0.84 - 1), rel=1e-9)
    assert loss == pytest.approx(max(result.explanations()[0].scenarios[0].losses), rel=1e-8)


def test_options_revalue_as_in_the_grid() -> None:
    """Price and volatility moved by hand as Paradex's documentation says give its own scenario."""
    market, sizes = "BTC-26SEP25-120000-C", {"BTC-26SEP25-120000-C": -5}
    result = margin(sizes, "paradex")
    losses = result.explanations()[0].scenarios[0]
    place = losses.names.index("step +3 of 4, vol up")
    option = chain().names.index(market)
    days = (int(chain().expiry_ns[option]) - chain().at_ns) / 86_400e9
    vol = float(chain().mark_vol[option])
    index = float(np.median(chain().index[np.isfinite(chain().index)]))
    moved = result.what_if(
        index_prices={"BTC": 1.12 * index},
        vol_shifts={"BTC": vol * 0.40 * (30 / days) ** 0.13},
    ).reply()
    before, after = (moved[n][0]["options_value"] for n in ("before", "after"))
    # the chain's mark is rounded to a millionth of a coin, the model starts from it too
    assert before - after == pytest.approx(float(losses.losses[place]), rel=1e-9)


def test_vol_shift_and_marks_move() -> None:
    result = margin()
    up = result.what_if(vol_shifts={"BTC": 0.1}).reply()["difference"][0]
    assert up["options_value"] < 0.0  # short vega
    assert up["futures_pl"] == 0.0
    mark = result.what_if(marks={"BTC-PERPETUAL": 100_000}).reply()["difference"][0]
    assert mark["futures_pl"] > 0.0


def test_gross_is_the_sum_of_positions_by_themselves() -> None:
    reply = margin().what_if(simulated_positions={"BTC-PERPETUAL": 1}).reply()
    alone = [row(margin({m: q}))["initial"] for m, q in BOOK.items()]
    assert reply["before"][0]["gross_initial_margin"] == pytest.approx(sum(alone), rel=1e-12)
    assert reply["before"][0]["net_initial_margin"] < reply["before"][0]["gross_initial_margin"]


def test_delta_total_by_hand() -> None:
    found = account_summaries(margin({"BTC-PERPETUAL": 10}).run, "account")["BTC"]
    assert found["delta_total"] == pytest.approx(10.0)
    assert found["delta_total_map"] == {"btc_usd": pytest.approx(10.0)}
    bumped = [
        margin({"BTC-26SEP25-100000-C": 1}, "paradex")
        .what_if(index_prices={"BTC": 95_000.0 + bump})
        .reply()["after"][0]
        for bump in (-1.0, 1.0)
    ]
    slope = (bumped[1]["options_value"] - bumped[0]["options_value"]) / 2.0
    own = account_summaries(margin({"BTC-26SEP25-100000-C": 1}, "paradex").run, "account")["USD"]
    forward_over_index = 97_442.3 / 95_000.0  # the forward moves by the factor of the index
    assert own["delta_total_map"]["btc_usd"] * forward_over_index == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "must change something"),
        ({"positions": {"X": 1}}, "must have known keys only, found 'positions'"),
        ({"simulated_position": {"X": 1}}, r"did you mean simulated_positions\?"),
        ({"simulated_positions": [1]}, "simulated_positions: must be numbers by name"),
        ({"simulated_positions": {"BTC-PERPETUAL": "1"}}, "must be a finite number"),
        ({"simulated_positions": {"BTC-PERPETUAL": True}}, "must be a finite number"),
        ({"simulated_positions": {"BTC-PERPETUAL": float("nan")}}, "must be a finite number"),
        ({"simulated_positions": {"": 1}}, "must have names for keys"),
        ({"simulated_positions": {"X": 1}, "add_positions": "no"}, "add_positions: must be true"),
        ({"remove_positions": "BTC-PERPETUAL"}, "must be a list of instruments"),
        ({"remove_positions": ["BTC-1JAN30"]}, "must be a cross position of the account"),
        ({"index_prices": {"BTC": -1}}, "must be a positive number"),
        ({"index_prices": {"DOGE": 1}}, "must be a coin whose price the market has"),
        ({"vol_shifts": {"DOGE": 1}}, "must be a coin whose price the market has"),
        ({"marks": {"BTC-26SEP25-120000-C": 1}}, "must be a perpetual or future"),
        ({"vol_shifts": {"BTC": 0.1}, "account": "nobody"}, "must be one of the book's accounts"),
        ({"vol_shifts": {"BTC": 0.1}, "account": 3}, "account: must be a name"),
        ({"vol_shifts": {"BTC": 0.1}, "currency": "ETH"}, "must be one of BTC"),
    ],
)
def test_what_if_refused(request_: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        margin().what_if(request_)


# ---- command line -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("margin")
    chain_table([chain()]).write_parquet(path / "SYNTHETIC.parquet")
    (path / "book.json").write_text(json.dumps(BOOK))
    return path


def run(folder: Path, *arguments: str) -> Result:
    with chdir(folder):
        return CliRunner().invoke(application(), ["margin", *arguments])


ASKED = ("book.json", "--preset", "deribit", "--market", "SYNTHETIC.parquet")


def test_json_page_and_what_if_in_one_call(folder: Path) -> None:
    done = run(
        folder, *ASKED, "--collateral", "BTC=3", "--json", "--explain", "account",
        "--out", "p.html", "--what-if", '{"simulated_positions": {"BTC-PERPETUAL": 1}}',
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    result = json.loads(done.stdout)["result"]
    assert result["preset"]["accuracy"] == "near-exact"
    assert result["explanation"][0]["scenarios"][0]["binding"]
    assert len(result["explanation"][0]["scenarios"][0]["losses"]) == 35
    assert result["what_if"]["accuracy"] == "near-exact"
    assert result["files"] == ["p.html"]
    assert "SYNTHETIC" in (folder / "p.html").read_text()


def test_exit_code_is_asked_for(folder: Path) -> None:
    poor = (*ASKED, "--collateral", "BTC=0.5")
    plain = run(folder, *poor)
    assert plain.exit_code == 0
    assert plain.stdout.rstrip().endswith("under maintenance: account")
    assert run(folder, *poor, "--exit-code").exit_code == 1
    assert run(folder, *ASKED, "--exit-code").exit_code == 0  # not judged


def test_presets_are_listed(folder: Path) -> None:
    done = run(folder, "--list-presets", "--json")
    assert done.exit_code == 0
    listed = json.loads(done.stdout)["result"]["presets"]
    assert [p["preset"] for p in listed] == list(presets.names())


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "BOOK: must be given"),
        (("book.json",), 2, "must be given, one of the two, found 'neither'"),
        (("book.json", "--preset", "deribit", "--parameters", "x"), 2, "found 'both'"),
        (("book.json", "--preset", "derbit", "--market", "SYNTHETIC.parquet"), 2, "did you mean"),
        (("book.json", "--preset", "deribit"), 2, "market: must be given with a preset"),
        (("nobook.json", *ASKED[1:]), 3, "nobook.json: must be a file that can be read"),
        ((*ASKED[:3], "--market", "nochain.parquet"), 3, "nochain.parquet"),
        ((*ASKED, "--at", "yesterday"), 2, "at: must be"),
        ((*ASKED, "--at", "2020-01-01"), 3, "must hold a snapshot"),
        ((*ASKED, "--explain", "nobody"), 2, "must be one of the book's accounts"),
        ((*ASKED, "--what-if", "{"), 3, "--what-if: must be JSON"),
        ((*ASKED, "--what-if", "[1]"), 2, "what-if: must be an object"),
        ((*ASKED, "--what-if", "nofile.json"), 3, "nofile.json"),
        ((*ASKED, "--out", "page.pdf"), 2, "--out: must end in .html"),
        ((*ASKED, "--out", "book.json/place.html"), 3, "place.html"),
        ((*ASKED, "--numeraire", "DOGE"), 2, "numeraire: must be a currency that something"),
        ((*ASKED, "--venue-names", "nyse"), 2, "venue_names: must be a known venue"),
        ((*ASKED, "--collateral", "BTC=lots"), 3, "must be a finite number"),
        ((*ASKED, "--marks", "book.json"), 3, "mark"),
        ((*ASKED, "--contract-size", "X=1"), 2, "--contract-size: must not be given with --preset"),
        (("book.json", "--parameters", "x", "--out", "p.html"), 2, "--out: must not be given"),
    ],
)
def test_hostile_arguments(
    folder: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = run(folder, *arguments)
    assert done.exit_code == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ("market,mark\nBTC-PERPETUAL,-1\n", "must not be negative"),
        ("market,mark,index\nBTC-PERPETUAL,1,0\n", "must be positive"),
        ("market,mark,implied_vol\nBTC-PERPETUAL,1,55\n", "write 0.55 for 55 %"),
        ("market,mark\nBTC-PERPETUAL,1\nBTC-PERPETUAL,2\n", "must name each market once"),
        ("market,mark,contract_size\nBTC-PERPETUAL,1,x\n", "must be a positive number"),
        ("market,mark,what\nBTC-PERPETUAL,1,x\n", "must have known columns only"),
        ("market,mark\n", "must be known to margin a contract that expires"),
    ],
)
def test_marks_refused(tmp_path: Path, marks: str, message: str) -> None:
    (tmp_path / "marks.csv").write_text(marks)
    with pytest.raises(DataError, match=message):
        plimsoll.margin_book(BOOK, preset="deribit", market=tmp_path / "marks.csv")


# ---- real chains --------------------------------------------------------------------------------


@pytest.mark.slow
def test_real_chains(market_data_dir: Path) -> None:
    """On a real chain every listed option has a number, under every portfolio preset."""
    path = market_data_dir / "options" / "deribit_chains_2026-04.parquet"
    from plimsoll.adapters.chains import read_chains

    (real,) = read_chains(path, at="2026-04-10", currency="BTC")
    known = np.flatnonzero(
        np.isfinite(real.mark) & np.isfinite(real.mark_vol) & (real.mark_vol > 0)
    )
    picked = known[:: max(known.size // 200, 1)]
    book = {real.names[i]: (-1.0) ** place for place, i in enumerate(picked.tolist())}
    book |= {"BTC-PERPETUAL": -3.0}
    for preset in PORTFOLIO:
        dated = {} if preset == "derive-pmrm2" else {"BTC-25SEP26": 2.0}  # Derive has no futures
        result = margin(book | dated, preset, market=path, at="2026-04-10", collateral={"BTC": 50})
        found = row(result)
        assert found["reason"] == "", preset
        assert found["initial"] >= found["maintenance"] > 0.0
        summary = result.what_if(simulated_positions={"BTC-PERPETUAL": 1.0}).reply()["before"][0]
        assert summary["gross_maintenance_margin"] > summary["net_maintenance_margin"]
    told = " ".join(result.notes)  # daily expiries of April 2026 are priced from the index
    assert "The chain shows no forward of BTC 2026-04-1" in told
