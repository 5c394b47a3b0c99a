"""Statistical vectors of every kind on series of our own, made by peers: loops, scipy, arch.

The tolerances are those the command demands; here is tested that all leaves are found and compared,
that a wrong digit is found wherever it stands, and what faults are named.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import backtest_vectors_by_peers as backtests
import numpy as np
import other_vectors_by_peers as others
import pytest
import volatility_vectors_by_peers as volatility

from plimsoll.conformance import ConformanceResult, run_conformance
from plimsoll.conformance.result import EngineResult

SERIES, FORECASTS, PANEL, BARS = "in_own.csv", "in_roll_own.csv", "in_panel.csv", "in_bars.csv"
KINDS = ("backtests", "evt_dist", "fixed", "garch", "intraday", "multi", "r", "r2")


def write_intraday(folder: Path, seed: int) -> dict[str, Any]:
    returns, times = others.intraday_series(seed)
    lines = [f"{t},{float(r)!r}" for t, r in zip(times, returns, strict=True)]
    (folder / BARS).write_text("date,r\n" + "\n".join(lines) + "\n")
    return others.intraday_document(returns, times, BARS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one file of each kind, named after no series of the reference."""
    folder = tmp_path_factory.mktemp("vectors")
    returns = volatility.simulated_returns(11)
    volatility.write_series(folder, SERIES, returns)
    columns = backtests.write_forecasts(folder, FORECASTS, 5)
    panel = others.simulated_panel(7)
    others.write_panel(folder, PANEL, panel)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # arch on its own optimiser
        garch = volatility.garch_document(returns, SERIES, ("garch_n", "gjr_t", "garch_skewt"))
    documents = {
        "fixed": volatility.fixed_document(returns, SERIES),
        "garch": garch,
        "evt_dist": others.evt_document(returns, SERIES),
        "backtests": backtests.backtest_document(columns, FORECASTS),
        "multi": others.multi_document(panel, PANEL, returns, SERIES),
        "intraday": write_intraday(folder, 3),
        "r": others.r_document(returns, SERIES),
        "r2": backtests.r2_document(columns, FORECASTS, panel, PANEL),
    }
    for kind, document in documents.items():
        volatility.write(folder, f"{kind}_own.json", document)
    return folder


def copied(made: Path, folder: Path, kind: str) -> tuple[Path, dict[str, Any]]:
    """The CSV files and one document of ``made``, in another folder."""
    for path in made.glob("*.csv"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder / f"{kind}_own.json", json.loads((made / f"{kind}_own.json").read_text())


def only(result: ConformanceResult) -> EngineResult:
    (engine,) = result.engines
    return engine


def missed(result: ConformanceResult) -> list[str]:
    return [
        f"{case.id}: {c.term} {c.expected!r} {c.found!r}"
        for engine in result.engines
        for case in engine.cases
        for c in case.comparisons
        if not c.matches
    ]


def test_every_kind_on_other_series(made: Path) -> None:
    result = run_conformance(made)
    assert not result.faults
    assert [engine.engine for engine in result.engines] == list(KINDS)
    assert not missed(result)
    for engine in result.engines:
        assert engine.by_leaf
        assert engine.matched == engine.total
    totals = {engine.engine: engine.total for engine in result.engines}
    least = {"backtests": 116, "evt_dist": 40, "fixed": 36, "garch": 188, "intraday": 25}
    least |= {"multi": 77, "r": 6, "r2": 60}
    assert {kind: totals[kind] for kind in KINDS if totals[kind] < least[kind]} == {}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_are_known_by_their_keys_not_their_names(
    made: Path, tmp_path: Path, kind: str
) -> None:
    path, document = copied(made, tmp_path, kind)
    path.with_name("anything.json").write_text(json.dumps(document))
    assert only(run_conformance(tmp_path)).engine == kind
    assert only(run_conformance(tmp_path, only=kind)).engine == kind


def numbers(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], float]]:
    if isinstance(tree, dict | list):
        inside = tree.items() if isinstance(tree, dict) else enumerate(tree)
        for key, value in inside:
            yield from numbers(value, (*path, key))
    elif isinstance(tree, float):
        yield path, tree


def changed(tree: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    out = deepcopy(tree)
    inside = out
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = change(inside[path[-1]])
    return out


INPUTS = {"initial", "params", "params_arch_fit", "losses", "rows", "p", "diff", "x", "q"}
"""Their change changes what is computed, or nothing (`params` of rugarch is also a cross-check)."""


@pytest.mark.parametrize("kind", ["fixed", "evt_dist", "backtests", "multi", "intraday"])
def test_a_wrong_digit_is_found_wherever_it_is_planted(
    made: Path, tmp_path: Path, kind: str
) -> None:
    """One per cent off, at places spread over the file; each is the one mismatch there is."""
    path, document = copied(made, tmp_path, kind)
    places = [at for at, value in numbers(document) if value and not INPUTS & set(at)]
    chosen = places[:: max(1, len(places) // 5)]
    assert len(chosen) >= 5
    for at in chosen:
        path.write_text(json.dumps(changed(document, at, lambda value: value * 1.01)))
        (line,) = missed(run_conformance(path))
        assert line.split(": ")[1].split(" ")[0].endswith(str(at[-1]))


@pytest.mark.parametrize(
    ("at", "change", "wrong"),
    [
        (("loglik",), lambda v: v + 2e-4, True),
        (("loglik",), lambda v: v + 5e-5, False),
        (("params", "beta[1]"), lambda v: v * 1.0012, True),
        (("status",), lambda _: "boundary:persistence=1", True),
        (("one_step_VaR_ES_loss_positive", "0.99", "ES"), lambda v: v * 1.0006, True),
        (("cond_vol_at", "100"), lambda v: v * 1.002, True),
        (("loglik_arch_fit",), lambda v: v * (1.0 + 1e-7), True),
        (("var_forecast", 4), lambda v: v * 1.002, True),
        (("std_resid", "ljungbox20_sq"), lambda v: v * 1.01, True),
        (("std_err_robust", "omega"), lambda v: v * 1.01, True),
    ],
)
def test_a_wrong_digit_of_a_fit(
    made: Path, tmp_path: Path, at: tuple[Any, ...], change: Callable[[Any], Any], wrong: bool
) -> None:
    path, document = copied(made, tmp_path, "garch")
    document["models"] = {"garch_n": document["models"]["garch_n"]}
    path.write_text(json.dumps(changed(document, ("models", "garch_n", *at), change)))
    assert bool(missed(run_conformance(path))) is wrong


def test_an_optimum_that_is_none_is_told_of(made: Path, tmp_path: Path) -> None:
    """A likelihood lower than ours by more than 1e-4: what follows is listed apart."""
    path, document = copied(made, tmp_path, "garch")
    model = document["models"]["garch_n"]
    document = document | {"models": {"garch_n": model | {"loglik": model["loglik"] - 1.0}}}
    document = changed(document, ("models", "garch_n", "params", "beta[1]"), lambda v: v * 0.9)
    path.write_text(json.dumps(document))
    result = run_conformance(path)
    assert not missed(result)
    agreed, known, total = only(result).cross_checks
    assert known == 1
    assert agreed == total - 1
    # The likelihood must be the same function: where arch stopped it is, to 1e-8.
    path.write_text(
        json.dumps(changed(document, ("models", "garch_n", "loglik_arch_fit"), lambda v: v + 1.0))
    )
    assert len(missed(run_conformance(path))) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_leaf_is_a_mismatch(made: Path, tmp_path: Path, kind: str) -> None:
    path, document = copied(made, tmp_path, kind)
    path.write_text(json.dumps(document | {"novelty": {"of": 1.5}}))
    assert missed(run_conformance(path)) == [f"{kind}_own: novelty/of 1.5 None"]


@pytest.mark.parametrize(
    ("kind", "at"),
    [
        ("garch", ("models", "garch_n", "novelty")),
        ("backtests", ("tests", "hs500_99", "novelty_test")),
        ("evt_dist", ("gpd", "0.9", "novelty")),
        ("intraday", ("days", 0, "novelty")),
        ("multi", ("bipower", "blocks", 1, "novelty")),
    ],
)
def test_an_unknown_leaf_within_a_section(
    made: Path, tmp_path: Path, kind: str, at: tuple[Any, ...]
) -> None:
    path, document = copied(made, tmp_path, kind)
    inside = document
    for key in at[:-1]:
        inside = inside[key]
    inside[at[-1]] = 1.5
    path.write_text(json.dumps(document))
    (line,) = missed(run_conformance(path))
    assert line.endswith(f"{at[-1]} 1.5 None")


def test_a_missing_csv_is_a_fault_and_costs_its_sections_only(made: Path, tmp_path: Path) -> None:
    path, document = copied(made, tmp_path, "multi")
    path.write_text(json.dumps(document))
    (tmp_path / PANEL).unlink()
    result = run_conformance(path)
    (fault,) = result.faults
    assert fault.field == "multi_own.json: input"
    assert PANEL in str(fault.found)
    assert not result.holds
    assert not any("hawkes" in line or "bipower" in line for line in missed(result))
    assert any("ledoit_wolf" in line for line in missed(result))
    assert only(result).total == only(run_conformance(made / "multi_own.json")).total


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date,r\n2020-01-01,1.0\n2020-01-02,none\n", "must be numbers"),
        ("date,r\n2020-01-01,1.0\n2020-01-02\n", "must have 2 cells"),
        ("date,r\n", "must have a header and rows"),
        ("date,x\n2020-01-01,1.0\n", "must have the form"),
        ("date,r\n2020-01-01,1.0\n2020-01-02,1.0\n", ""),
    ],
)
def test_a_broken_series(made: Path, tmp_path: Path, text: str, said: str) -> None:
    path, document = copied(made, tmp_path, "fixed")
    path.write_text(json.dumps(document))
    (tmp_path / SERIES).write_text(text)
    result = run_conformance(path)
    assert not result.holds
    assert missed(result)
    assert [said in str(fault) for fault in result.faults][:1] == ([True] if said else [])


@pytest.mark.parametrize(
    ("name", "document", "field"),
    [
        ("garch_x.json", {"anything": 1}, "garch_x.json"),
        (
            "fixed_x.json",
            {"models": {"garch_n": {"params": [1]}}, "initial": {}, "input": SERIES},
            "fixed_x/models/garch_n",
        ),
        ("evt_dist_x.json", {"gpd": {"0.9": {}}, "input": "../in_own.csv"}, "evt_dist_x.json: in"),
        ("evt_dist_x.json", {"gpd": {"0.9": {"u": 1.0}}}, "evt_dist_x.json: input"),
    ],
)
def test_broken_documents_are_faults(
    made: Path, tmp_path: Path, name: str, document: dict[str, Any], field: str
) -> None:
    copied(made, tmp_path, "fixed")
    (tmp_path / name).write_text(json.dumps(document))
    result = run_conformance(tmp_path / name)
    assert result.faults
    assert result.faults[0].field.startswith(field)
    assert not result.holds


def test_null_and_nan_stand_for_a_test_that_refuses(made: Path, tmp_path: Path) -> None:
    path, document = copied(made, tmp_path, "backtests")
    rows = (tmp_path / FORECASTS).read_text().splitlines()
    table = np.array([row.split(",") for row in rows[1:]])
    titles = rows[0].split(",")
    table[:, titles.index("var99")] = "1000.0"
    table[:, titles.index("es99")] = "2000.0"
    lines = [",".join(titles), *(",".join(row) for row in table)]
    (tmp_path / FORECASTS).write_text("\n".join(lines) + "\n")
    empty = {"mean": None, "t": float("nan"), "p_one_sided_t": None}
    document["tests"] = {"garch_t_99": {"q": 0.99, "exceptions": 0, "mcneil_frey": empty}}
    path.write_text(json.dumps(document))
    assert "NaN" in path.read_text()
    assert not missed(run_conformance(path))


def test_the_engine_is_told_no_expected_value(made: Path) -> None:
    """Changing what is expected changes no computed number."""
    whole = {case.id: case.computed for case in only(run_conformance(made, only="evt_dist")).cases}
    document = json.loads((made / "evt_dist_own.json").read_text())
    for at, _ in list(numbers(document)):
        document = changed(document, at, lambda _: 7.25)
    changed_path = made.parent / "changed"
    changed_path.mkdir(exist_ok=True)
    for path in made.glob("*.csv"):
        (changed_path / path.name).write_bytes(path.read_bytes())
    (changed_path / "evt_dist_own.json").write_text(json.dumps(document))
    after = only(run_conformance(changed_path))
    assert {case.id: case.computed for case in after.cases} == whole
    assert after.matched < after.total
