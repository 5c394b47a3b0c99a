"""``plimsoll surface``: exit codes, JSON, hostile chains, and what a newcomer gets wrong."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plimsoll
from chain_files import hostile_chains, write_chains
from command_line import plimsoll_cli
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.option_chain import ChainFindingKind, OptionChain
from plimsoll.domain.surface import SmileSource
from plimsoll.domain.surface_record import surface_from_record
from plimsoll.domain.table import format_cell
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.fit_bounds import arbitrage_check
from plimsoll.estimators.surface.query import at_moneyness
from plimsoll.estimators.surface.settings import DEFAULTS
from plimsoll.maths.svi_forms import raw_to_jump_wings, raw_to_nodes
from plimsoll.sandbox.option_chain import SOURCE, option_chain, option_chains
from plimsoll.sandbox.option_chain_table import chain_table
from real_chains import CHAINS, surfaces_of_all_chains
from worked_out_once import Once


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_chains(tmp_path_factory.mktemp("chains") / "SYNTHETIC-chains.parquet")


def spoiled(seed: int = 3) -> list[OptionChain]:
    """SYNTHETIC quotes far apart from any smile: each price moved by up to half of itself."""
    rng = np.random.default_rng(seed)
    out = []
    for item in option_chains(seed, 2):
        factor = rng.uniform(0.5, 1.5, len(item.chain))
        tick = 1e-4
        bid = np.maximum(np.round(item.chain.bid * factor / tick) * tick, tick)
        out.append(replace(item.chain, bid=bid, ask=bid + tick))
    return out


def test_one_time_prints_tables_and_writes_the_page(chains: Path, tmp_path: Path) -> None:
    page = tmp_path / "surface.html"
    done = plimsoll_cli("surface", chains, "--at", "2025-03-05T12:00", "--out", page)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Surface of HELM 2025-03-05 09:30 UTC" in done.stdout
    assert "Surface of KEEL 2025-03-05 09:30 UTC" in done.stdout
    assert f"wrote {page}" in done.stdout
    assert done.stdout.rstrip().endswith("verdict: HOLDS  (SYNTHETIC-chains.parquet)")
    text = page.read_text("utf-8")
    assert text.count('<div class="band synthetic"') == 1
    assert "https://" not in text.split("<script>")[0]
    assert sorted(tmp_path.iterdir()) == [page]


def test_json_of_one_time(chains: Path) -> None:
    done = plimsoll_cli("surface", chains, "--currency", "helm", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == document["exit_code"] == 0
    assert (document["command"], document["schema_version"]) == ("surface", 1)
    (chain,) = document["result"]["chains"]
    assert (chain["chain"], chain["at"], chain["is_clean"]) == ("HELM", "2025-03-06T09:30Z", True)
    assert chain["verdict"] == "holds"
    assert {check["name"] for check in chain["checks"]} >= {"free of arbitrage"}
    arbitrage = chain["arbitrage"]
    kinds = ("butterflies", "crossings", "negative_variances", "falling_wings", "steep_wings")
    assert [arbitrage[kind] for kind in kinds] == [0] * 5
    assert arbitrage["points"] == 4001
    assert arbitrage["least_g"]["value"] >= 0.0
    judged = chain["fit"]["judged"]
    assert 0.98 <= judged["inside"] <= 1.0
    assert set(chain["fit"]["by_tenor"]) >= {"under 1 d", "1-2 d", "over 90 d"}
    names = ["expiries", "published", "jump_wings", "vol_index", "fit", "arbitrage", "findings"]
    assert [t["name"] for t in chain["tables"]] == names
    # The surface in the document is the one the Python API returns, to the bit.
    own = plimsoll.surface(chains, currency="HELM").surface()
    read = surface_from_record(chain["surface"])
    assert np.array_equal(read.raw(), own.raw())


def test_published_parameters_are_those_of_the_surface(chains: Path) -> None:
    """The numbers in the document against the surface in the same document, by `svi_forms`."""
    document = json.loads(plimsoll_cli("surface", chains, "--currency", "HELM", "--json").stdout)
    (chain,) = document["result"]["chains"]
    smiles = surface_from_record(chain["surface"]).smiles
    table = next(t for t in chain["tables"] if t["name"] == "published")
    assert len(chain["published"]) == len(smiles) == len(table["rows"])
    for found, row, smile in zip(chain["published"], table["rows"], smiles, strict=True):
        vol, skew, curvature = raw_to_nodes(smile.raw, smile.tau_years)[:3]
        deviation = vol * smile.tau_years**0.5
        assert found["atm_vol"]["value"] == pytest.approx(vol, rel=1e-12)
        assert found["skew"]["value"] == pytest.approx(skew, rel=1e-9, abs=1e-12)
        assert found["curvature"]["value"] == pytest.approx(curvature, rel=1e-9)
        assert row["skew"] == pytest.approx(100.0 * skew * deviation, rel=1e-9, abs=1e-10)
        assert row["curvature"] == pytest.approx(100.0 * curvature * deviation**2, rel=1e-9)
        wings = [found["jump_wings"][name]["value"] for name in ("v", "psi", "p", "c", "v_low")]
        assert wings == pytest.approx(raw_to_jump_wings(smile.raw, smile.tau_years).tolist())
        errors = [part["standard_error"] for part in found["jump_wings"].values()]
        assert all(error > 0.0 for error in errors)
        assert found["vol_per_tick"] > 0.0
    assert chain["vol_index"]["quotes"]["reason"] is None


def test_weights_of_days_reach_the_surface(chains: Path, tmp_path: Path) -> None:
    weights = "1.2,1.0,1.3,1.0,1.5,0.25,0.75"
    done = plimsoll_cli("surface", chains, "--currency", "KEEL", "--day-weights", weights, "--json")
    (chain,) = json.loads(done.stdout)["result"]["chains"]
    surface = surface_from_record(chain["surface"])
    assert surface.clock.day_weights == tuple(float(part) for part in weights.split(","))
    everything = plimsoll_cli("surface", chains, "--all", "--day-weights", weights)
    assert everything.returncode == 0
    refused = plimsoll_cli("surface", chains, "--day-weights", "1,1,1")
    assert refused.returncode == 2
    assert "--day-weights: must be seven positive numbers of mean 1" in refused.stderr


def test_smoothness_of_listed_expiries_is_told() -> None:
    """A chain and itself six hours later, quotes unchanged: nothing moved, nothing flipped."""
    chain = option_chain(2).chain
    later = replace(chain, at_ns=chain.at_ns + 6 * 3_600 * 10**9)
    result = plimsoll.surfaces([chain, later])
    moves = result.moves
    assert moves is not None
    assert moves.span_days == pytest.approx(0.25)
    assert not moves.flipped.any()
    tables = {table.name: table for table in result.tables()}
    assert set(tables) >= {"moves", "parameter_moves", "flips"}
    assert sum(tables["flips"].column("flips")) == 0
    apart = replace(chain, at_ns=chain.at_ns + 2 * 86_400 * 10**9)
    assert plimsoll.surfaces([chain, apart]).moves is None


def test_all_judges_every_surface(chains: Path) -> None:
    done = plimsoll_cli("surface", chains, "--all", "--json")
    document = json.loads(done.stdout)
    result = document["result"]
    assert done.returncode == document["exit_code"] == 0, result["checks"]
    assert result["fit"]["surfaces"] == len(result["surfaces"]) == 6
    assert [s["chain"] for s in result["surfaces"]] == ["HELM", "KEEL"] * 3
    assert [c["verdict"] for c in result["checks"]] == ["holds"] * 10
    quotes = sum(s["fit"]["judged"]["quotes"] for s in result["surfaces"])
    assert result["fit"]["judged"]["quotes"] == quotes
    assert set(result["by_chain"]) == {"HELM", "KEEL"}
    assert all(s["seconds"] >= s["fit_seconds"] > 0.0 for s in result["surfaces"])
    assert all(85.0 > s["vol_index"]["surface"]["value"] > 10.0 for s in result["surfaces"])
    assert result["variance_clock"]["day_weights"] is None  # six chains are too few, and say so
    assert "surfaces" in result["variance_clock"]["reason"]
    counts = result["fit"]
    assert counts["more"] + counts["equal"] + counts["fewer"] == 6


def test_all_prints_progress_to_stderr_and_tables_to_stdout(chains: Path) -> None:
    done = plimsoll_cli("surface", chains, "--all", "--currency", "KEEL")
    assert done.returncode == 0
    assert "fit: 3/3" in done.stderr
    for title in ("Fit of 3 surfaces", "Surfaces by chain", "Findings", "Verdict"):
        assert title in done.stdout


def test_all_writes_a_page(chains: Path, tmp_path: Path) -> None:
    page = tmp_path / "surfaces.html"
    done = plimsoll_cli("surface", chains, "--all", "--out", page)
    assert done.returncode == 0, done.stderr
    assert f"wrote {page}" in done.stdout
    text = page.read_text("utf-8")
    assert text.count('<div class="band synthetic"') == 1
    for told in ("HELM and KEEL, 6 surfaces", "Quotes inside bid-ask", "Flips", "Over time"):
        assert told in text
    assert plimsoll.surfaces(chains, workers=1).to_html().count("<svg viewBox") == 3


def test_bounds_that_fail_exit_with_1(tmp_path: Path) -> None:
    path = tmp_path / "SYNTHETIC-noise.parquet"
    chain_table(spoiled()).write_parquet(path)
    done = plimsoll_cli("surface", path, "--all", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == document["exit_code"] == 1
    verdicts = {c["name"]: c["verdict"] for c in document["result"]["checks"]}
    assert verdicts["inside bid-ask"] == "breach"
    # Whatever the quotes are, the surface is free of arbitrage.
    assert verdicts["free of arbitrage"] == "holds"
    one = plimsoll_cli("surface", path, "--json")
    assert one.returncode == 1


def test_a_page_that_cannot_be_written_leaves_nothing(chains: Path, tmp_path: Path) -> None:
    done = plimsoll_cli("surface", chains, "--out", tmp_path)
    assert done.returncode == 3
    assert "name a file, not a folder" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", sorted(hostile_chains()))
def test_hostile_chains_get_an_answer_or_a_reason(wrong: str) -> None:
    chain = hostile_chains()[wrong]
    result = plimsoll.surface(chain)
    record = result.chain().record
    assert (record.surface is None) == bool(record.reason)
    listed = {smile.expiry_ns for smile in (record.surface.smiles if record.surface else ())}
    assert listed.isdisjoint(expiry for expiry, _ in record.reasons)
    assert listed | {expiry for expiry, _ in record.reasons} == set(chain.expiries_ns)
    if record.surface is not None:
        assert record.is_clean
    assert len(result.table()) == len(chain.expiries_ns)
    assert "</html>" in result.to_html()
    quoted = bool(np.any((chain.bid > 0.0) & (chain.ask > chain.bid)))
    assert (record.surface is None) is not quoted or wrong == "no forwards"
    if wrong == "negative prices":  # judged by the marks' deltas, and all missed
        assert record.quality.judged.quotes > 100
        assert record.quality.judged.inside == 0.0
        assert result.verdict is Verdict.BREACH
    elif record.surface is None:
        assert result.verdict is Verdict.NOT_PROVEN
        assert {check.verdict for check in result.checks} == {Verdict.NOT_PROVEN}
    thin = [f.subject for f in record.findings if f.kind is ChainFindingKind.THIN_SMILE]
    assert len(thin) == len(set(thin))


def test_a_missing_surface_is_not_proven_and_arbitrage_is_a_breach() -> None:
    assert arbitrage_check([None]).verdict is Verdict.NOT_PROVEN
    assert arbitrage_check([True, None]).verdict is Verdict.NOT_PROVEN
    assert arbitrage_check([False, None]).verdict is Verdict.BREACH
    assert arbitrage_check([None]).found == "0 of 1 surface; 1 without a surface"


def test_one_number_has_one_rounding() -> None:
    """Noisy quotes: shares and errors read alike in the verdict, the tables and the page."""
    result = plimsoll.surfaces(spoiled())
    found = {check.name: check.found for check in result.checks}
    table = result.table()
    last = dict(zip((c.name for c in table.columns), table.formatted()[-1], strict=True))
    assert f"{last['inside']} %" == found["inside bid-ask"]
    assert f"{last['within_tick']} %" == found["within one tick"]
    assert f"{last['wings_inside']} %" == found["2 to 5 delta wings inside"]
    assert last["median"] == found["median error over half-spread"]
    assert last["rmse"] == found["RMSE [vol points]"]
    page = result.to_html()
    assert found["median error over half-spread"] in page
    chains = result.chain_table()
    share = format_cell(chains.column("inside")[0], chains.columns[5])
    assert f"{share} %" == found["inside bid-ask"]


@pytest.mark.parametrize(
    ("wrong", "code", "told"),
    [
        ("all quotes zero", 1, "no quotes"),
        ("negative prices", 1, "0.0"),
        ("three strikes", 0, "borrowed"),
        ("one quote in an expiry", 0, "borrowed"),
    ],
)
def test_hostile_files_through_the_verb(tmp_path: Path, wrong: str, code: int, told: str) -> None:
    path = tmp_path / "SYNTHETIC-hostile.parquet"
    chain_table([hostile_chains()[wrong]]).write_parquet(path)
    done = plimsoll_cli("surface", path, "--out", tmp_path / "page.html")
    assert (done.returncode, done.stderr) == (code, "")
    assert told in done.stdout
    assert "Traceback" not in done.stdout
    assert (tmp_path / "page.html").exists()


def test_hostile_chains_are_judged_with_the_others(tmp_path: Path) -> None:
    """A broken chain among good ones is reported, counted, and stops nothing."""
    good, _ = (item.chain for item in option_chains(1, 2))
    bad = replace(good, at_ns=good.at_ns + 60_000_000_000, bid=good.bid * 0.0, ask=good.ask * 0.0)
    result = plimsoll.surfaces([good, bad])
    alone, carried = plimsoll.surface(bad).chain().record, result.records[1]
    assert alone.surface is None
    assert carried.surface is not None
    assert {smile.source for smile in carried.surface.smiles} == {SmileSource.PRIOR}
    assert len(result.snapshot_table()) == 2
    # None of its quotes has two sides, so none can be judged; the good chain's all are.
    assert carried.quality.judged.quotes == 0
    assert result.pool().quality.judged.quotes == result.records[0].quality.judged.quotes > 0


def test_workers_do_not_change_a_number(chains: Path) -> None:
    one, two = (plimsoll.surfaces(chains, workers=n) for n in (1, 2))
    for a, b in zip(one.records, two.records, strict=True):
        assert a.surface is not None
        assert b.surface is not None
        assert np.array_equal(a.surface.raw(), b.surface.raw())
    with pytest.raises(UsageError, match="workers: must be at least 1"):
        plimsoll.surfaces(chains, workers=0)


def test_finds_the_volatility_that_made_the_quotes() -> None:
    """The generated chain's law is known: every at-the-money volatility within half a point.

    Half the bid-ask spread is about one point below two days and a third of one at the long end.
    """
    made = option_chain(5)
    found = plimsoll.surface(made.chain)
    assert found.source == SOURCE
    expiries = np.array(made.truth.expiries_ns)
    true = at_moneyness(made.truth, 0.0, expiries).volatility
    fitted = at_moneyness(found.surface(), 0.0, expiries).volatility
    assert np.abs(fitted - true).max() < 0.005


def test_python_names_its_pictures_and_pages(chains: Path, tmp_path: Path) -> None:
    result = plimsoll.surface(chains, currency="KEEL")
    figures = result.figures()
    smiles = len(result.surface().smiles)
    assert list(figures)[:5] == ["surface", "term", "residuals", "density", "forward"]
    assert len(figures) == 5 + smiles
    assert figures["term"].layout.yaxis.title.text == "at-the-money volatility [%, annual]"
    assert result.to_html(tmp_path / "page.html") == tmp_path / "page.html"
    assert result.to_html() == (tmp_path / "page.html").read_text("utf-8")
    with pytest.raises(UsageError, match=r"label: must be one of KEEL, found 'BTC'"):
        result.table("BTC")
    with pytest.raises(UsageError, match=r"name one of the chains HELM, KEEL.*surface\('HELM'\)"):
        plimsoll.surface(chains).surface()


def test_the_documentation_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (Path(__file__).parents[2] / "docs" / "surfaces.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        exec(compile(block, "docs/surfaces.md", "exec"), {})
    assert {path.name for path in tmp_path.iterdir()} == {
        "surface.html",
        "SYNTHETIC-chains.parquet",
    }
    done = plimsoll_cli("surface", "SYNTHETIC-chains.parquet", "--all")
    assert done.returncode == 0, done.stdout


def test_an_interrupt_ends_a_long_run_at_once(tmp_path: Path) -> None:
    path = write_chains(tmp_path / "SYNTHETIC-many.parquet", snapshots=60)
    command = [sys.executable, "-m", "plimsoll.cli", "surface", str(path), "--all"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stderr is not None
        assert run.stderr.readline().startswith(b"read")  # the fits have begun
        run.send_signal(signal.SIGINT)
        _, told = run.communicate(timeout=20)
    assert run.returncode == 130
    assert b"interrupted" in told
    assert b"fit: 120/120" not in told


def test_real_chains_and_the_broken_snapshot(market_data_dir: Path) -> None:
    """13 January 2026 09:21: a snapshot with quotes of nonsense is named, and still judged."""
    path = market_data_dir / "options" / "deribit_chains_2026-01.parquet"
    result = plimsoll.surface(path, at="2026-01-13T09:21")
    assert [c.label for c in result.chains] == ["BTC", "ETH"]
    assert all(c.record.is_broken and c.record.is_clean for c in result.chains)
    assert all(c.record.quality.judged.quotes > 50 for c in result.chains)
    printed = plimsoll_cli("surface", path, "--at", "2026-01-13T09:21", "--currency", "BTC").stdout
    assert "the snapshot of BTC 2026-01-13 09:21 is broken: see its findings" in printed
    good = plimsoll.surface(path, at="2026-01-20")
    assert not any(c.record.is_broken for c in good.chains)
    assert good.verdict is Verdict.HOLDS


@pytest.mark.slow
def test_every_real_chain(
    market_data_dir: Path, once: Once, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All 426 surfaces of the shared chains within every bound, the broken snapshot among them.

    What the verb asks for is what other tests ask for too; above it asks by itself.
    """
    folder = market_data_dir / "options"
    many = surfaces_of_all_chains(folder, once)

    def found(chains: object, **asked: object) -> plimsoll.SurfacesResult:
        assert (chains, asked["settings"]) == ([folder / CHAINS], DEFAULTS)
        assert asked["currency"] is asked["format"] is None
        return many

    monkeypatch.setattr("plimsoll.journeys.surface.surfaces", found)
    done = plimsoll_cli("surface", folder / CHAINS, "--all", "--json")
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)["result"]
    assert len(result["surfaces"]) == 426
    broken = {(s["chain"], s["at"]) for s in result["surfaces"] if s["is_broken"]}
    assert broken == {("BTC", "2026-01-13T09:21Z"), ("ETH", "2026-01-13T09:21Z")}
    failed = [c for c in result["checks"] if c["verdict"] != "holds"]
    assert failed == []
