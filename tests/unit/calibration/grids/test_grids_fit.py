"""Fits on made chains: the answer of one knob is known; venues' families ask finite margins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from listed_chains_made import chain
from numpy.typing import NDArray

from plimsoll.adapters.executor import open_executor
from plimsoll.calibration.grids import grid_fit, scope_search
from plimsoll.calibration.grids.deribit_family import deribit_family
from plimsoll.calibration.grids.derive_family import derive_family
from plimsoll.calibration.grids.grid_coverage import Legs
from plimsoll.calibration.grids.grid_family import GridFamily, Point
from plimsoll.calibration.grids.grid_fit import (
    GridFit,
    Work,
    fit_grid,
    untested_restored,
    with_errors,
)
from plimsoll.calibration.grids.grid_market import grid_market
from plimsoll.calibration.grids.grid_objective import GridTarget, ScopeObjective
from plimsoll.calibration.grids.grid_result import grid_parameters, grid_part, grid_tables
from plimsoll.calibration.grids.grid_samples import GridSample, grid_samples
from plimsoll.calibration.grids.listed_chain import listed_chain
from plimsoll.calibration.grids.okx_family import okx_family
from plimsoll.calibration.grids.paradex_family import paradex_family
from plimsoll.calibration.grids.portfolio_library import portfolio_library
from plimsoll.calibration.grids.reference_scenarios import ReferenceScenarios
from plimsoll.calibration.grids.scope_search import ScopeTask
from plimsoll.calibration.grids.span_family import span_family
from plimsoll.calibration.grids.surface_cells import SCORE_EDGES, TENOR_CENTRES_DAYS
from plimsoll.calibration.search.checkpoint import NO_CHECKPOINT, Checkpoint
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.parameters import Origin
from plimsoll.presets import load

FloatArray = NDArray[np.float64]
CELLS = len(TENOR_CENTRES_DAYS), len(SCORE_EDGES) + 1
CHAINS = (listed_chain(chain()), listed_chain(chain("ETH", 3_000.0, 0.7)))
EARLIER = (listed_chain(chain(vol=0.7)), listed_chain(chain("ETH", 3_000.0, 0.5)))
LOOSE = GridTarget(
    breach=0.06,
    portfolio_breach=1.0,
    settling_breach=1.0,
    stressed_breach=None,
    stressed_group_breach=None,
)
"""So loose that the decay of the shortest options, which no price range covers, does not bind."""


def made_scenarios(count: int = 400) -> ReferenceScenarios:
    """Heavy-tailed spot, volatility against it, each in a week of its own."""
    draw = np.random.default_rng(3)
    common = draw.standard_t(4, size=count)
    spot = np.array([0.025 * common, 0.03 * (0.9 * common + 0.4 * draw.standard_t(4, size=count))])
    level = -0.8 * spot[:, :, None, None] + 0.02 * draw.normal(size=(2, count, 1, 1))
    return ReferenceScenarios(
        coins=("BTC", "ETH"),
        spot=spot,
        volatility=np.broadcast_to(level, (2, count, *CELLS)).copy(),
        basis=0.0005 * draw.normal(size=(2, count, CELLS[0])),
        weight=np.full(count, 1.0 / count),
        cluster=np.arange(count),
        stressed=np.arange(count) % 10 == 0,
    )


SCENARIOS = made_scenarios()


@pytest.fixture(scope="module")
def samples() -> dict[str, tuple[GridSample, ...]]:
    return grid_samples((CHAINS, EARLIER), SCENARIOS, seed=7)


def price_range_alone() -> GridFamily:
    family = deribit_family(load("deribit").parameters)
    others = {knob.name for knob in family.knobs} - {"price_range"}
    return family.without(sorted(others))


def family_bounds(samples: tuple[GridSample, ...], steps: int) -> FloatArray:
    """Bound on the breach rate of each family, from the objective at one price range."""
    family = price_range_alone()
    objective = ScopeObjective(
        family=family, samples=samples, legs=Legs.of(SCENARIOS), target=LOOSE
    )
    point = tuple(steps for _ in family.knobs)
    return objective.coverage(family.parameters(point)).bound


@pytest.fixture(scope="module")
def fit(samples: dict[str, tuple[GridSample, ...]]) -> GridFit:
    return fit_grid(price_range_alone(), samples, SCENARIOS, target=LOOSE)


def test_one_knob_stands_at_the_smallest_value_that_covers(
    fit: GridFit, samples: dict[str, tuple[GridSample, ...]]
) -> None:
    for knob, steps in zip(fit.family.knobs, fit.point, strict=True):
        assert (family_bounds(samples[knob.scope], steps) <= LOOSE.breach).all()
        lower = family_bounds(samples[knob.scope], steps - 1)
        assert (lower > LOOSE.breach).any()


def test_a_stricter_target_asks_for_no_less(
    fit: GridFit, samples: dict[str, tuple[GridSample, ...]]
) -> None:
    strict = fit_grid(price_range_alone(), samples, SCENARIOS, target=LOOSE.scaled(0.85))
    assert all(a >= b for a, b in zip(strict.point, fit.point, strict=True))
    assert strict.point != fit.point


def test_a_fit_becomes_parameters_tables_and_a_part(fit: GridFit) -> None:
    parameters = grid_parameters(fit)
    assert [p.key for p in parameters] == sorted(p.key for p in parameters)
    assert {p.origin for p in parameters} == {Origin.CALIBRATED}
    for parameter in parameters:
        assert parameter.grid is not None
        assert parameter.value % parameter.grid == 0
    names, coverage = grid_tables(fit, note="made prices")
    assert len(names.rows) == len(parameters)
    assert {row[1] for row in coverage.rows} == {
        f.value for s in fit.scopes for f in s.fitted.families
    }
    assert grid_part(fit, note="made prices").checks[0].verdict is Verdict.HOLDS


def test_what_cannot_be_met_is_named_with_its_relaxation(
    samples: dict[str, tuple[GridSample, ...]],
) -> None:
    """A price range alone cannot cover the decay of an option that expires within the period."""
    fit = fit_grid(
        price_range_alone(),
        samples,
        SCENARIOS,
        target=GridTarget(stressed_breach=None, stressed_group_breach=None),
    )
    assert not fit.is_admissible
    assert any("portfolio" in conflict for conflict in fit.conflicts)
    assert grid_part(fit, note="made prices").checks[0].verdict is Verdict.BREACH


def test_standard_errors_are_the_same_for_the_same_seed(
    samples: dict[str, tuple[GridSample, ...]],
) -> None:
    only = {"BTC": samples["BTC"]}
    found = [
        fit_grid(price_range_alone(), only, SCENARIOS, target=LOOSE, replicates=3, seed=5)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(found[0].standard_error, found[1].standard_error)
    assert np.isfinite(found[0].standard_error).all()
    assert found[0].standard_error[0] > 0.0


class Remembered:
    """Keeps stages in memory, and says what was asked."""

    def __init__(self) -> None:
        self.held: dict[str, object] = {}

    def get(self, stage: str, /) -> object | None:
        return self.held.get(stage)

    def put(self, stage: str, value: object, /) -> None:
        self.held[stage] = value

    def checkpoint(self, _: str, /) -> Checkpoint:
        return NO_CHECKPOINT


def test_any_number_of_workers_finds_the_same(
    fit: GridFit, samples: dict[str, tuple[GridSample, ...]]
) -> None:
    with open_executor(2) as executor:
        other = fit_grid(
            price_range_alone(),
            samples,
            SCENARIOS,
            target=LOOSE,
            replicates=2,
            seed=5,
            work=Work(executor=executor),
        )
    here = with_errors(fit, samples, SCENARIOS, replicates=2, seed=5)
    assert other.point == here.point
    assert other.evaluations == here.evaluations
    np.testing.assert_array_equal(other.standard_error, here.standard_error)
    assert grid_parameters(other) == grid_parameters(here)


def test_a_fit_that_was_cut_off_goes_on_with_what_was_kept(
    fit: GridFit, samples: dict[str, tuple[GridSample, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Remembered()
    asked: list[str] = []
    search = scope_search.search_scope

    def killed(task: ScopeTask) -> tuple[Point, int]:
        asked.append(task.scope)
        if asked == ["BTC", "ETH"]:
            raise KeyboardInterrupt
        return search(task)

    monkeypatch.setattr(grid_fit, "search_scope", killed)
    work = Work(kept=kept)
    with pytest.raises(KeyboardInterrupt):
        fit_grid(price_range_alone(), samples, SCENARIOS, target=LOOSE, work=work)
    again = fit_grid(price_range_alone(), samples, SCENARIOS, target=LOOSE, work=work)
    assert asked == ["BTC", "ETH", "ETH"]
    assert again.point == fit.point
    assert again.evaluations == fit.evaluations


def test_portfolios_that_settle_have_a_limit_of_their_own() -> None:
    target = GridTarget(portfolio_breach=0.02, settling_breach=0.04)
    limits = target.portfolio_limits(("BTC straddle expiring, long", "BTC straddle 2 d, long"))
    np.testing.assert_array_equal(limits, [0.04, 0.02])
    np.testing.assert_array_equal(target.scaled(0.5).portfolio_limits(("a expiring",)), [0.02])


def test_published_deribit_margin_of_a_perpetual_is_range_and_roll() -> None:
    library = portfolio_library(CHAINS, seed=7)
    family = deribit_family(load("deribit").parameters)
    market = grid_market(CHAINS, family.settlement, frozenset(library.markets))
    margin = family.margins(market, family.published, library.book(family.settlement))
    by_name = dict(zip(library.names, margin.tolist(), strict=True))
    assert by_name["BTC perpetual, long"] == pytest.approx(1e5 * (0.16 + 0.01))
    assert by_name["ETH perpetual, short"] == pytest.approx(1e5 * (0.18 + 0.005))


@pytest.mark.parametrize(
    ("make", "preset", "wide"),
    [
        (deribit_family, "deribit", "price_range"),
        (paradex_family, "paradex", "price_range"),
        (okx_family, "okx", "largest_move"),
        (span_family, "span-16", "price_scan_range"),
        (derive_family, "derive-pmrm2", "initial_factor"),
    ],
)
def test_every_family_asks_more_for_a_wider_grid(
    make: Callable[..., GridFamily], preset: str, wide: str
) -> None:
    family: GridFamily = make(load(preset).parameters)
    library = portfolio_library(CHAINS, seed=7)
    library = library if family.futures else library.take(~library.holds_future)
    market = grid_market(CHAINS, family.settlement, frozenset(library.markets))
    book = library.book(family.settlement)
    start = family.start
    wider = tuple(s + 2 * (k.name == wide) for k, s in zip(family.knobs, start, strict=True))
    before = family.margins(market, family.parameters(start), book)
    after = family.margins(market, family.parameters(wider), book)
    assert np.isfinite(before).all()
    assert (after[:2] > before[:2]).all()  # the perpetual; others may fall between wider steps
    assert after.sum() > before.sum()


@pytest.mark.parametrize(
    ("name", "untested"),
    [("minimum_vol_up", True), ("extended_table_factor", True), ("price_range", False)],
)
def test_what_no_portfolio_feels_stays_as_published(
    name: str, untested: bool, samples: dict[str, tuple[GridSample, ...]]
) -> None:
    """Made options are not so calm, nor held so far out, that the first two matter."""
    family = deribit_family(load("deribit").parameters, ("BTC",))
    cut = tuple(
        k.least if k.name == name else s for k, s in zip(family.knobs, family.start, strict=True)
    )
    found = untested_restored(family, cut, {"BTC": samples["BTC"]})
    assert (found == family.start) is untested
    assert (found == cut) is not untested


def test_what_is_felt_from_some_value_on_stays_there(
    samples: dict[str, tuple[GridSample, ...]],
) -> None:
    """A roll shock is the larger of a floor and a rate by time: the rate counts from some on."""
    family = deribit_family(load("deribit").parameters, ("BTC",))
    place = [knob.name for knob in family.knobs].index("annualised_move_risk")
    cut = (*family.start[:place], 0, *family.start[place + 1 :])
    found = untested_restored(family, cut, {"BTC": samples["BTC"]})
    more = (*found[:place], found[place] + 1, *found[place + 1 :])
    own, same, other = (
        np.concatenate(
            [family.margins(s.market, family.parameters(p), s.book) for s in samples["BTC"]]
        )
        for p in (cut, found, more)
    )
    assert 0 < found[place] < family.start[place]
    np.testing.assert_allclose(same, own, atol=1e-6)
    assert (other > own + 1e-3).any()
