"""Basis, gap and wrong-way figures: known laws are found, and margined by the engine they cover."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from add_on_books import INSTRUMENTS, PRICING, TABLES, account, book, snapshot
from plimsoll.calibration.add_ons.basis import (
    BasisMoves,
    basis_buckets,
    basis_moves,
    calibrate_basis,
)
from plimsoll.calibration.add_ons.calibrated import AddOnName, CalibratedAddOn
from plimsoll.calibration.add_ons.gap import calibrate_gap, calibrate_wrong_way
from plimsoll.calibration.add_ons.publication import (
    add_on_part,
    by_underlying,
    published_add_on,
)
from plimsoll.domain.finding import Reason
from plimsoll.domain.parameters import Origin, parameter_set
from plimsoll.errors import UsageError
from plimsoll.margin import TieredMargin
from plimsoll.margin.add_ons import (
    BasisAddOn,
    BasisParameters,
    GapAddOn,
    GapParameters,
    WithAddOns,
    WrongWayAddOn,
    WrongWayParameters,
)

LEAST, ANNUAL = 0.002, 0.03


def simulated(
    seed: int, distances: tuple[float, ...] = (0.0, 0.1, 0.25, 0.5, 1.0)
) -> list[BasisMoves]:
    """Moves whose 99 % quantile is LEAST + ANNUAL t: exponential with that quantile."""
    rng = np.random.default_rng(seed)
    return [
        BasisMoves(
            years_apart=np.full(8_000, t),
            move=rng.exponential((LEAST + ANNUAL * t) / -np.log(0.01), 8_000),
        )
        for t in distances
    ]


def test_a_known_basis_law_is_found_and_covers_fresh_moves() -> None:
    found = calibrate_basis("BTC", basis_buckets(simulated(1)))
    held = found.parameters
    # Errors: sqrt(q(1-q)/n) over the density at the quantile, x 3 for the worst of five.
    noise = np.sqrt(0.01 * 0.99 / 8_000) * (LEAST + ANNUAL) / (0.01 * -np.log(0.01))
    assert float(held.least_move) == pytest.approx(LEAST, abs=3 * noise)
    assert float(held.annual_move) == pytest.approx(ANNUAL, abs=6 * noise)
    for fresh in simulated(2):
        line = float(held.least_move) + float(held.annual_move) * fresh.years_apart
        # 99 % within two binomial errors of 8,000 moves
        assert (fresh.move > line).mean() <= 0.01 + 2 * np.sqrt(0.01 * 0.99 / 8_000)


def test_published_basis_margined_by_the_engine_covers_a_probe() -> None:
    found = calibrate_basis("BTC", basis_buckets(simulated(1)))
    spread = account({"PERP": 40, "FUT": -40}, {"USDT": 9e3})  # a fifth of a year apart
    add_ons = (BasisAddOn(parameters=by_underlying([found], AddOnName.BASIS)),)
    model = WithAddOns(model=TieredMargin(pricing=PRICING), pricing=PRICING, add_ons=add_ons)
    asked = model.prepare(snapshot(), TABLES, INSTRUMENTS).requirements(book(spread))
    charge = {t.name: t for t in asked.terms}["basis"].maintenance[0]
    rng = np.random.default_rng(9)
    moves = rng.exponential((LEAST + ANNUAL * 0.2) / -np.log(0.01), 50_000)
    assert (4_000.0 * moves > charge).mean() <= 0.01


def test_buckets_far_apart_never_ask_less_and_the_unit_does_not_matter() -> None:
    near, far = np.cumsum(np.random.default_rng(0).normal(0, 1e-3, (2, 3_000)), axis=1)
    years = np.full(3_000, 0.25)
    one = basis_moves(near, far, years, 24, 24)
    other = basis_moves(near + 5.0, far + 5.0, years, 24, 24)
    assert one.move == pytest.approx(other.move, abs=1e-12)
    (bucket,) = basis_buckets([one])
    line = calibrate_basis("BTC", [bucket], errors=0.0).parameters
    wider = calibrate_basis("BTC", [bucket], errors=2.0).parameters
    at = Decimal("0.25")
    assert line.least_move + line.annual_move * at >= Decimal(str(bucket.quantile.value))
    assert wider.least_move + wider.annual_move * at > line.least_move + line.annual_move * at


def test_nothing_seen_is_the_class_default_with_its_reason() -> None:
    default = BasisParameters(least_move=Decimal("0.007"))
    found = calibrate_basis("NEW", basis_buckets([]), default=default)
    assert found.parameters == default
    assert found.reason is Reason.NO_DATA
    assert calibrate_gap("NEW", np.zeros(3), covered_move=0.1).reason is Reason.TOO_SHORT_HISTORY
    assert calibrate_wrong_way("NEW", np.zeros(3)).parameters == WrongWayParameters()


def test_margin_and_gap_charge_cover_the_far_quantile_in_the_engine() -> None:
    moves = np.abs(np.random.default_rng(4).standard_t(3, 60_000)) * 0.01
    moves = np.minimum(moves, 0.9)
    covered = float(np.quantile(moves, 0.99))
    gap = calibrate_gap("BTC", moves, covered_move=covered, block=1)
    held: GapParameters = gap.parameters
    margin = float(held.covered_move) + float(held.share) * float(held.gap_move - held.covered_move)
    fresh = np.abs(np.random.default_rng(5).standard_t(3, 400_000)) * 0.01
    error = gap.standard_error["share"] * float(held.gap_move - held.covered_move)
    density = 0.002 * 3 / margin / 2  # of the t3 tail: P ~ x^-3
    assert (fresh > margin).mean() <= 0.001 + 3 * error * density
    model = WithAddOns(
        model=TieredMargin(pricing=PRICING),
        pricing=PRICING,
        add_ons=(GapAddOn(parameters={"BTC": held}),),
    )
    asked = model.prepare(snapshot(), TABLES, INSTRUMENTS).requirements(book(account({"PERP": 10})))
    charge = {t.name: t for t in asked.terms}["gap"].maintenance[0]
    want = 1_000.0 * float(held.share) * float(held.gap_move - held.covered_move)
    assert charge == pytest.approx(want, rel=1e-9)


def test_worse_classes_jump_further_and_ask_no_less() -> None:
    moves = np.abs(np.random.default_rng(4).normal(0, 0.01, 5_000))
    own = calibrate_gap("BTC", moves, covered_move=0.023).parameters
    worse = calibrate_gap("BTC", moves, covered_move=0.023, class_worst_move=0.5).parameters
    assert worse.gap_move == Decimal("0.5")

    def asked(p: GapParameters) -> Decimal:
        return p.share * (p.gap_move - p.covered_move)

    assert asked(worse) >= asked(own) - Decimal("0.0001") * worse.gap_move
    flat = calibrate_gap("USDC", np.zeros(500), covered_move=0.02).parameters
    assert flat.share == 0


def test_wrong_way_move_with_margin_and_haircut_covers_the_joint_loss() -> None:
    falls = -np.expm1(np.random.default_rng(8).normal(0, 0.04, 20_000))
    found = calibrate_wrong_way("BTC", falls, block=1)
    move = float(found.parameters.move)
    assert move == pytest.approx(np.quantile(falls, 0.99), abs=1e-4)
    add_on = WrongWayAddOn(parameters={"BTC": found.parameters}, moves_with={})
    model = WithAddOns(model=TieredMargin(pricing=PRICING), pricing=PRICING, add_ons=(add_on,))
    held = account({"PERP": 10}, {"BTC": 20.0})  # long 1,000 on coins worth 2,000
    asked = model.prepare(snapshot(), TABLES, INSTRUMENTS).requirements(book(held))
    charge = {t.name: t for t in asked.terms}["wrong_way"].maintenance[0]
    # The margin covers the position's own fall of the same size; coins' fall is the add-on's.
    joint = 3_000.0 * falls
    assert (joint > 1_000.0 * move + charge).mean() <= 0.01


def test_figures_go_into_a_set_and_come_back() -> None:
    calibrated: list[CalibratedAddOn] = [
        calibrate_basis("BTC", basis_buckets(simulated(1))),
        calibrate_gap("ETH", np.zeros(3), covered_move=0.1),
    ]
    part = add_on_part(calibrated, "SYNTHETIC")
    parameters = parameter_set(
        venue="v",
        valid_from="2026-01-01T00:00:00Z",
        parameters=part.parameters,
        seed=0,
        data_digest="d",
        problem_digest="p",
        code_version="0",
        label="SYNTHETIC",
    )
    basis = published_add_on(BasisParameters, AddOnName.BASIS, parameters)
    assert basis == {"BTC": calibrated[0].parameters}
    assert published_add_on(GapParameters, AddOnName.GAP, parameters) == {"ETH": GapParameters()}
    assert parameters.get("ETH", "gap.share").origin is Origin.CLASS_FLOOR
    assert parameters.get("BTC", "basis.least_move").standard_error is not None
    assert len(part.tables[0].rows) == 5
    with pytest.raises(UsageError, match="figures of GapParameters"):
        published_add_on(GapParameters, AddOnName.BASIS, parameters)
