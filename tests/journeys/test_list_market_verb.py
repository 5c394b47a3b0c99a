"""``plimsoll list-market``: a CSV of twenty sandbox days, and what it is refused for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from plimsoll.adapters.files.output_folder import verify_output
from plimsoll.cli.main import application
from plimsoll.domain.market import DAY_NS
from plimsoll.errors import UsageError
from plimsoll.journeys.init import init
from plimsoll.journeys.list_market import list_market
from plimsoll.journeys.list_market_prices import CoinColumns
from plimsoll.sandbox import generate

SEED = 20240601
DEPTH = "notional_usd,cost_bps,error_bps\n1000,10,1\n100000,25,3\n1000000,80,10\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A venue as `plimsoll init` writes it, and a coin: the last twenty days of HELM."""
    place = tmp_path_factory.mktemp("listing")
    init(place, name="test")
    venue = generate(SEED)
    helm = venue.bars["HELM/USDT:USDT"]
    young = helm.take(helm.time_ns >= venue.as_of_ns - 20 * DAY_NS)
    frame = pl.DataFrame(
        {"ts": young.time_ns // 10**6, "close": young.close, "volume": young.volume}
    )
    frame.write_csv(place / "CAPSTAN.csv")
    (place / "depth.csv").write_text(DEPTH)
    return place


def run(folder: Path, *options: str) -> Result:
    words = ["list-market", str(folder), str(folder / "CAPSTAN.csv"), *options]
    return CliRunner().invoke(application(), words)


def document(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_one_command_gives_everything(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run(folder, "--class", "mid", "--json", "--out", str(out))
    assert result.exit_code == 1, "one past listing proves nothing"
    found = document(result)["result"]
    assert found["market"] == "CAPSTAN"
    assert found["review_on"] == "2024-07-09"
    assert found["evidence"]["verdict"] == "not_proven"
    names = {parameter["name"] for parameter in found["parameter_set"]["parameters"]}
    assert {"tier[0].maintenance_rate", "limit.open_interest_usd", "gap.share"} <= names
    tables = {table["name"] for table in found["evidence"]["tables"]}
    assert {"parameters", "limits", "haircut", "uncertainty", "review"} <= tables
    assert verify_output(out) == ()
    report = (out / "report.md").read_text()
    assert "CAPSTAN" in report
    assert "SYNTHETIC" in report
    assert (out / "report.html").is_file()
    assert (out / "tables" / "review.csv").is_file()
    assert json.loads((out / "parameters.json").read_text())["venue"] == "test"


def test_tables_for_people(folder: Path) -> None:
    result = run(folder, "--class", "mid", "--depth", str(folder / "depth.csv"), "--tiers", "2")
    assert result.exit_code == 1
    for words in ("CAPSTAN: tiers", "given curve", "as collateral", "review on 2024-07-09"):
        assert words in result.stdout
    assert "No depth was given" not in result.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "--class"),
        (("--class", "huge"), "--class"),
        (("--class", "mid", "--depth-usd", "1e5"), "--spread-bps"),
        (("--class", "mid", "--depth-usd", "1e5", "--spread-bps", "0"), "relative_spread"),
        (("--class", "mid", "--depth", "{f}/depth.csv", "--spread-bps", "4"), "--depth"),
        (("--class", "mid", "--peers", "NOBODY"), "--peers"),
        (("--class", "mid", "--payoff", "round"), "--payoff"),
        (("--class", "mid", "--as-of", "2030-01-01"), "--as-of"),
        (("--class", "mid", "--adv-usd", "-1"), "--adv-usd"),
    ],
)
def test_wrong_use_names_the_option(folder: Path, options: tuple[str, ...], words: str) -> None:
    result = run(folder, *(option.replace("{f}", str(folder)) for option in options))
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_coin_of_a_day_and_less_is_refused(folder: Path) -> None:
    first = pl.read_csv(folder / "CAPSTAN.csv").head(12)
    first.write_csv(folder / "HOURS.csv")
    words = ["list-market", str(folder), str(folder / "HOURS.csv"), "--class", "mid"]
    result = CliRunner().invoke(application(), words)
    assert result.exit_code == 3
    assert "at least 1 day" in result.stderr
    assert "wait" in result.stderr


def test_a_recorded_book_is_walked(folder: Path, market_data_dir: Path) -> None:
    """Five seconds of XRP on 2024-12-01; c(1M) of docs/liquidity.md, 9.6 bp, to a tenth of it."""
    steps = 0.004 * np.random.default_rng(1).standard_t(5, 24 * 20)
    times = np.datetime64("2024-11-12", "h") + np.arange(steps.size)
    coin = pl.DataFrame({"ts": times.astype("datetime64[ms]"), "close": np.exp(steps.cumsum())})
    coin.write_parquet(folder / "XRPUSDT.parquet")
    book = market_data_dir / "books" / "bybit_xrpusdt_ob500.data.zip"
    result = list_market(
        folder, folder / "XRPUSDT.parquet", market_class="large", book=book, adv_usd=5e9,
        as_of="2024-12-02",
    )  # fmt: skip
    depth = result.listing.figures.depth
    assert depth.cost_source == "recorded books"
    assert depth.cost(np.array([1e6]))[0] == pytest.approx(9.56e-4, rel=0.1)
    assert depth.depth_usd == pytest.approx(0.53e6, rel=0.1)
    assert any("peers' prices end" in limit for limit in result.evidence.limits)
    with pytest.raises(UsageError, match="before"):
        list_market(
            folder, folder / "XRPUSDT.parquet", market_class="large", book=book, as_of="2024-12-01"
        )


def test_frames_are_read_as_files_are(folder: Path) -> None:
    """A frame under other column names gives what the file gives."""
    frame = pl.read_csv(folder / "CAPSTAN.csv").rename({"ts": "when", "close": "price"})
    columns = CoinColumns(time="when", close="price")
    result = list_market(
        folder, frame, market="CAPSTAN", market_class="mid", columns=columns, adv_usd=1e8
    )
    again = list_market(folder, folder / "CAPSTAN.csv", market_class="mid", adv_usd=1e8)
    assert result.parameters.id == again.parameters.id
    assert result.review_on == "2024-07-09"
    assert "review on 2024-07-09" in repr(result)


def test_peers_may_be_chosen(folder: Path) -> None:
    """Two peers are no pool: the number is the largest of theirs."""
    names = ("KEEL/USDT:USDT", "MAST/USDT:USDT")
    result = list_market(folder, folder / "CAPSTAN.csv", market_class="mid", peers=names)
    assert not result.listing.figures.risk.modelled
    assert result.evidence.provenance["peers"] == "2"
    assert np.isfinite(result.listing.figures.risk.maintenance.loss).all()


def test_a_grown_market_is_sent_to_calibrate(folder: Path) -> None:
    helm = generate(SEED).bars["HELM/USDT:USDT"]
    with pytest.raises(UsageError, match="plimsoll calibrate"):
        list_market(folder, helm.take(helm.time_ns >= helm.time_ns[-1] - 120 * DAY_NS))
