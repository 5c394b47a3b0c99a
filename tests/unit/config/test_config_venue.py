"""The venue file as a whole: template, many faults at once, junk, migration, conversion."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from plimsoll.adapters.files.read import FileFormat
from plimsoll.calibration.problem import CalibrationProblem, Structure, VolatilityModel
from plimsoll.config import VenueConfig, check_venue, load_venue
from plimsoll.config.convert import (
    finding_policy,
    funding_source,
    incumbent_source,
    price_label,
    price_source,
    to_problem,
)
from plimsoll.config.data_section import PriceFormat
from plimsoll.config.document import Document, read_document
from plimsoll.config.migrations import migrate
from plimsoll.domain.finding import DEFAULT_ACTIONS, Action, FindingKind
from plimsoll.errors import ConfigurationError
from plimsoll.journeys.init import template

TWELVE_FAULTS = """\
version: 1
venue: {nme: test}
data:
  prices: {format: sandbox, price_kind: mark}
markets:
  - {symbol: BTCUSDT, instrument: "BTC/USDT:USDT", class: larg}
  - {symbol: BTCUSDT, instrument: "BTC/USD:USD", class: large, payoff: inverse}
classes:
  large:
    maintenance_horizon_hours: 0.5
    reaction_horizon_hours: 8
    liquidation_cost: 1.0%
    liquidation_fee: 10
    adv_usd: true
    tier_caps_usd: [250_000, 50_000]
seed: 1
seed: 2
evidence: {from: soon}
"""
PLANTED = {
    ("venue.nme", 2),
    ("venue.name", 2),
    ("data.prices.price_kind", 4),
    ("markets[0].class", 6),
    ("markets[1].symbol", 7),
    ("markets[1].instrument", 7),
    ("classes.large.maintenance_horizon_hours", 10),
    ("classes.large.liquidation_cost", 12),
    ("classes.large.liquidation_fee", 13),
    ("classes.large.adv_usd", 14),
    ("classes.large.tier_caps_usd[1]", 15),
    ("seed", 17),
    ("evidence.from", 18),
}


def test_all_faults_at_once(tmp_path: Path) -> None:
    file = tmp_path / "venue.yaml"
    file.write_text(TWELVE_FAULTS)
    faults = check_venue(file)
    assert {(f.path, f.line) for f in faults} == PLANTED
    assert len(faults) == len(PLANTED)
    assert [f.line for f in faults] == sorted(f.line or 0 for f in faults)
    with pytest.raises(ConfigurationError) as caught:
        load_venue(file)
    assert caught.value.faults == faults
    assert all(f.path in str(caught.value) for f in faults)


def test_the_template_holds_and_names_every_key(tmp_path: Path) -> None:
    file = tmp_path / "venue.yaml"
    file.write_text(template())
    assert check_venue(file) == ()
    missing = {key for key in keys_of(VenueConfig) if f"{key}:" not in template()}
    assert missing == set()


def test_the_template_shows_the_defaults(tmp_path: Path) -> None:
    """Uncommented optional sections of the template that claim a default must have it."""
    document, _ = read_document(template().encode())
    assert isinstance(document.value, dict)
    bare = {key: document.value[key] for key in ("version", "venue", "data", "markets", "classes")}
    file = tmp_path / "venue.yaml"
    file.write_text(json.dumps(bare))
    full, plain = load_venue_text(tmp_path, template()), load_venue(file).config
    for section in ("target", "structure", "short_history", "impact", "freeze"):
        assert getattr(full, section) == getattr(plain, section), section
    # The sandbox states another model than the default, and says so.
    assert "The default is log_blend" in template()
    default = plain.model.volatility
    assert default is VolatilityModel.LOG_BLEND
    assert full.model.model_copy(update={"volatility": default}) == plain.model
    assert full.anti_procyclicality == plain.anti_procyclicality
    assert full.evidence.gate == plain.evidence.gate
    stated = re.findall(r"  #   (\w+): (keep|mask|split|refuse)", template())
    assert {FindingKind(k): Action(a) for k, a in stated} == dict(DEFAULT_ACTIONS)


def test_the_defaults_are_the_core_s(tmp_path: Path, holding: dict[str, Any]) -> None:
    problem = to_problem(load_venue_text(tmp_path, json.dumps(holding)))
    bare = CalibrationProblem(
        venue=problem.venue, label=problem.label, markets=problem.markets, classes=problem.classes
    )
    assert problem == bare


def load_venue_text(folder: Path, text: str) -> VenueConfig:
    file = folder / "other.yaml"
    file.write_text(text)
    return load_venue(file).config


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield field.alias or name
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from keys_of(part)


def test_conversion(tmp_path: Path, holding: dict[str, Any]) -> None:
    venue = holding
    venue["venue"]["label"] = "test net"
    venue["data"] = {
        "prices": {
            "format": "csv",
            "path": "prices.csv",
            "columns": {"time": "t", "close": "c", "symbol": "s"},
            "time_unit": "ms",
            "interval": "5m",
            "price_kind": "index",
        },
        "funding": {
            "format": "csv",
            "path": "${FUNDS}/f.csv",
            "columns": {"time": "t", "rate": "r"},
            "unit": "percent",
        },
        "findings": {"stale_run": "refuse"},
        "since": "2022-01-01",
        "until": "2024-01-01T08:00+08:00",
    }
    venue["structure"] = {"maintenance_rate_step": 0.0001, "leverage_grid": [1, 2.5, 50]}
    venue["model"] = {"volatility": "gjr_t", "tail": {"method": "empirical", "fraction": 0.1}}
    venue["evidence"] = {
        "compare": ["ewma_t"],
        "from": "2023-01-01",
        "incumbent": {
            "path": "tiers.json",
            "format": "binance_usdm_tiers",
            "valid_from": "2024-10-01",
        },
    }
    file = tmp_path / "venue.yaml"
    file.write_text(json.dumps(venue))
    loaded = load_venue(file, check_files=False, variables={"FUNDS": "/funds"})
    problem, prices = to_problem(loaded.config), price_source(loaded)
    assert problem.label == "index prices standing in for marks; test net"
    assert problem.structure == Structure(
        maintenance_rate_step=Decimal("0.0001"),
        leverage_grid=(Decimal(1), Decimal("2.5"), Decimal(50)),
    )
    assert problem.model.volatility is VolatilityModel.GJR_T
    assert problem.model.tail_fraction == 0.1
    assert problem.compare == (VolatilityModel.EWMA_T,)
    assert problem.scored_from_ns == 1_672_531_200 * 10**9  # date -d 2023-01-01Z +%s
    assert prices.path == tmp_path / "prices.csv"
    assert prices.interval_ns == 300 * 10**9
    assert prices.columns == {"time": "t", "close": "c", "symbol": "s"}
    assert prices.time_unit == "ms"
    assert (prices.since_ns, prices.until_ns) == (1_640_995_200 * 10**9, 1_704_067_200 * 10**9)
    assert finding_policy(loaded.config).action(FindingKind.STALE_RUN) is Action.REFUSE
    funding, incumbent = funding_source(loaded), incumbent_source(loaded)
    assert funding is not None
    assert (funding.path, funding.unit) == (Path("/funds/f.csv"), "percent")
    assert funding.columns == {"time": "t", "rate": "r"}
    assert incumbent is not None
    assert incumbent.valid_from_ns == 1_727_740_800 * 10**9


def test_every_format_that_is_read_may_be_named() -> None:
    assert {f.value for f in PriceFormat} == {"sandbox", *(f.value for f in FileFormat)}


def test_a_label_cannot_hide_that_prices_are_synthetic(
    tmp_path: Path, holding: dict[str, Any]
) -> None:
    venue = {**holding, "venue": {"name": "x", "label": "mark prices"}}
    assert "SYNTHETIC" in price_label(load_venue_text(tmp_path, json.dumps(venue)))


def test_as_of_lies_inside_the_data(tmp_path: Path, holding: dict[str, Any]) -> None:
    data = {**holding["data"], "since": "2022-01-01", "until": "2024-01-01"}
    file = tmp_path / "venue.yaml"
    file.write_text(json.dumps({**holding, "data": data}))
    assert check_venue(file, as_of=datetime(2024, 1, 1, tzinfo=UTC)) == ()
    for day in (datetime(2022, 1, 1), datetime(2024, 1, 2, tzinfo=UTC)):  # noqa: DTZ001
        assert [f.path for f in check_venue(file, as_of=day)] == ["as_of"]


def test_migrations_run_in_order_and_gaps_are_refused() -> None:
    def rename(old: str, new: str) -> Any:
        return lambda members: {(new if k == old else k): v for k, v in members.items()}

    steps = {1: rename("a", "b"), 2: rename("b", "c")}
    document = Document(value={"version": 1, "a": 7}, lines={}, texts={})
    moved, faults = migrate(document, migrations=steps, current=3)
    assert (moved.value, faults) == ({"version": 3, "c": 7}, ())
    _, faults = migrate(document, migrations={2: steps[2]}, current=3)
    assert [f.path for f in faults] == ["version"]
    _, faults = migrate(Document(value={"version": 4}, lines={}, texts={}), current=3)
    assert [f.path for f in faults] == ["version"]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
PATHS: list[tuple[str | int, ...]] = [
    ("version",), ("venue",), ("venue", "name"), ("data",), ("data", "prices"),
    ("data", "prices", "path"), ("data", "prices", "format"), ("data", "prices", "interval"),
    ("data", "prices", "columns"), ("data", "findings"), ("data", "since"), ("data", "funding"),
    ("markets",), ("markets", 0), ("markets", 0, "symbol"), ("markets", 1, "instrument"),
    ("markets", 1, "payoff"), ("classes",), ("classes", "large"),
    ("classes", "large", "tier_caps_usd"), ("classes", "large", "adv_usd"),
    ("classes", "large", "reaction_horizon_hours"), ("structure",), ("model", "step_hours"),
    ("structure", "leverage_grid"), ("structure", "maximum_rate"), ("evidence",),
    ("evidence", "from"), ("evidence", "incumbent"), ("seed",), ("anything",),
]  # fmt: skip
HYPOTHESIS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@HYPOTHESIS
@given(st.lists(st.tuples(st.sampled_from(PATHS), plain), min_size=1, max_size=4))
def test_junk_values_raise_nothing_but_configuration_errors(
    tmp_path: Path, holding: dict[str, Any], changes: list[tuple[tuple[str | int, ...], object]]
) -> None:
    document = json.loads(json.dumps(holding))
    for path, value in changes:
        here = document
        for step in path[:-1]:
            listed = isinstance(step, int) and isinstance(here, list) and step < len(here)
            fits = listed or (isinstance(step, str) and isinstance(here, dict))
            if not fits:
                break
            here = here.setdefault(step, {}) if isinstance(here, dict) else here[step]
        if isinstance(here, dict):
            here[path[-1]] = value
    survives(tmp_path, json.dumps(document).encode())


@HYPOTHESIS
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode(errors="replace")))
def test_junk_bytes_raise_nothing_but_configuration_errors(tmp_path: Path, content: bytes) -> None:
    survives(tmp_path, content)


@HYPOTHESIS
@given(st.data())
def test_a_spoiled_template_raises_nothing_but_configuration_errors(
    tmp_path: Path, data: st.DataObject
) -> None:
    text = template()
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, min(len(text), start + 60)))
    junk = data.draw(st.text(alphabet="{}[]:,&*!|>'\"%@`#- \n\t0aé\u2028", max_size=6))
    survives(tmp_path, (text[:start] + junk + text[end:]).encode())


def survives(folder: Path, content: bytes) -> None:
    file = folder / "venue.yaml"
    file.write_bytes(content)
    faults = check_venue(file)
    assert all(f.path and f.problem and f.remedy and isinstance(f.found, str) for f in faults)
    if faults:
        with pytest.raises(ConfigurationError) as caught:
            load_venue(file)
        assert caught.value.faults
    else:
        assert to_problem(load_venue(file).config).markets
