"""Rules of leaves: which one decides, what agrees, what is known, what is a mismatch."""

from __future__ import annotations

import math
from typing import Any

import pytest

from plimsoll.conformance.result import Comparison
from plimsoll.conformance.statistics.leaf_comparison import compare_leaves
from plimsoll.conformance.statistics.leaf_rules import (
    LeafRule,
    absolute,
    cross_check,
    exact,
    not_below,
    not_compared,
    relative,
)
from plimsoll.conformance.statistics.peer_optima import OWN, stopped_short
from plimsoll.conformance.statistics.r_resamples import r_resamples
from plimsoll.conformance.statistics.volatility_models import (
    in_rugarch_names,
    mean_absolute,
    rugarch_parameters,
)
from plimsoll.conformance.tolerance import Tolerance


def only(rule: LeafRule, expected: Any, found: Any) -> Comparison:
    (compared,), left = compare_leaves([rule], (), {"x": expected}, {"x": found})
    assert not left
    return compared


@pytest.mark.parametrize(
    ("rule", "expected", "found", "matches"),
    [
        (relative("x", within=1e-3), 2.0, 2.0019, True),
        (relative("x", within=1e-3), 2.0, 2.0021, False),
        (relative("x", within=1e-3, floor=1e-2), 0.0, 0.009, True),
        (absolute("x", within=0.1), 5.0, 5.11, False),
        (not_below("x", within=1e-4), -7.0, -6.0, True),
        (not_below("x", within=1e-4), -7.0, -7.00005, True),
        (not_below("x", within=1e-4), -7.0, -7.0002, False),
        (exact("x"), 3, 3, True),
        (exact("x"), 3, 4, False),
        (exact("x"), "green", "green", True),
        (exact("x"), "green", "yellow", False),
        (exact("x"), None, None, True),
        (exact("x"), True, 1, False),
        (relative("x", within=1.0), 2.0, math.nan, False),
        (relative("x", within=1.0), 2.0, math.inf, False),
        (relative("x", within=1.0), math.nan, None, True),
        (relative("x", within=1.0), math.nan, 2.0, False),
        (LeafRule(paths=("x",), as_words=True), "boundary:a=0 ", "boundary:a=0", True),
        (LeafRule(paths=("x",), as_words=True), "boundary:a=0 b=1", "boundary:b=1, a=0", True),
        (LeafRule(paths=("x",), as_words=True), "boundary:a=0", "interior", False),
    ],
)
def test_what_matches(rule: LeafRule, expected: Any, found: Any, matches: bool) -> None:
    assert only(rule, expected, found).matches is matches


def test_a_cross_check_agrees_is_known_or_is_a_mismatch() -> None:
    rule = cross_check(
        "x", within=Tolerance(absolute=0.1), reason="why", bound=Tolerance(absolute=1.0)
    )
    found = [only(rule, 5.0, value) for value in (5.05, 5.5, 6.5)]
    assert [(c.agrees, c.matches) for c in found] == [(True, True), (False, True), (False, False)]
    assert all(c.cross_check and c.reason == "why" for c in found)
    assert not only(rule, 5.0, None).matches
    assert not only(rule, 5.0, math.nan).matches


@pytest.mark.parametrize(("theirs", "known"), [(-10.5, True), (-9.99995, True), (-9.0, False)])
def test_a_peer_that_stopped_short(theirs: float, known: bool) -> None:
    """Parameters of an optimum that is not above ours: -10."""
    rules = [
        not_compared("fit/loglik", reason="looked at by the other"),
        cross_check(
            "fit/params/*",
            within=Tolerance(relative=1e-3),
            reason="",
            known=stopped_short("loglik"),
        ),
    ]
    expected = {"fit": {"loglik": theirs, "params": {"a": 1.0}}}
    computed = {"fit": {OWN: -10.0, "params": {"a": 2.0}}}
    (compared,), left = compare_leaves(rules, (), expected, computed)
    assert compared.matches is known
    assert [leaf.term for leaf in left] == ["fit/loglik"]


def test_the_first_rule_that_fits_decides_and_rest_is_unknown() -> None:
    rules = [
        exact("a/b"),
        not_compared("a/**", reason="the rest"),
        relative("c/[12]", within=0.5),
    ]
    expected = {"a": {"b": 1, "d": 2, "e": {"f": 3}}, "c": {"1": 1.0, "3": 1.0}, "note": "text"}
    compared, left = compare_leaves(rules, (), expected, expected)
    assert [(c.term, c.tolerance) for c in compared] == [
        ("a/b", "exact"),
        ("c/1", "0.5 relative"),
        ("c/3", "exact"),
    ]
    assert [(leaf.term, leaf.reason) for leaf in left] == [
        ("a/d", "the rest"),
        ("a/e/f", "the rest"),
        ("note", "a note"),
    ]
    (unknown,), _ = compare_leaves([], (), {"new": 1.0}, {})
    assert not unknown.matches
    assert unknown.reason == "no rule knows this leaf"


@pytest.mark.parametrize(
    ("expected", "found", "missed"),
    [
        ([], [], []),
        ([], [4], ["x/(length)"]),
        ([], None, ["x/(length)"]),
        ([3, 4], [3], ["x/1"]),
        ([3, 4], [3, 4, 5], ["x/(length)"]),
        ([3, 4], [3, 5], ["x/1"]),
    ],
)
def test_lists_of_other_lengths(expected: Any, found: Any, missed: list[str]) -> None:
    compared, _ = compare_leaves([exact("x/**")], (), {"x": expected}, {"x": found})
    assert [c.term for c in compared if not c.matches] == missed


@pytest.mark.parametrize(
    ("seed", "drawn"),
    [(1, [9, 4, 7, 1, 2, 7, 2, 3, 1, 5]), (42, [1, 5, 1, 9, 10, 4, 2, 10, 1, 8])],
)
def test_indices_are_those_of_r(seed: int, drawn: list[int]) -> None:
    """``set.seed(seed); sample(1:10, 10, replace = TRUE)`` as R prints it from 3.6 on."""
    assert (r_resamples(10, 1, seed=seed)[0] + 1).tolist() == drawn


def test_resamples_fill_columns_first() -> None:
    flat = r_resamples(10, 1, seed=1)[0]
    assert r_resamples(5, 2, seed=1).shape == (2, 5)
    assert r_resamples(10, 3, seed=1)[0, 0] == flat[0]
    assert r_resamples(10, 3, seed=1)[1, 0] == flat[1]


@pytest.mark.parametrize("recursion", ["sGARCH", "gjrGARCH", "eGARCH"])
def test_names_of_rugarch_come_back(recursion: str) -> None:
    given = {"mu": 0.1, "omega": 0.2, "alpha1": -0.1, "beta1": 0.9, "gamma1": 0.15}
    given |= {"shape": 5.0, "skew": 0.8}
    found = in_rugarch_names(recursion, rugarch_parameters(recursion, given))
    assert found == pytest.approx(given, rel=1e-12)


def test_mean_absolute_innovations() -> None:
    """Closed forms: sqrt(2/pi); t with 4 degrees has E|t| = 1, so 1/sqrt(2) of unit variance."""
    assert mean_absolute(math.inf, 0.0) == pytest.approx(math.sqrt(2.0 / math.pi), rel=1e-15)
    assert mean_absolute(4.0, 0.0) == pytest.approx(1.0 / math.sqrt(2.0), rel=1e-14)
    # Hansen's law is continuous in its skew and symmetric about 0.
    assert mean_absolute(4.0, 1e-9) == pytest.approx(1.0 / math.sqrt(2.0), rel=1e-7)
    assert mean_absolute(5.0, 0.3) == pytest.approx(mean_absolute(5.0, -0.3), rel=1e-9)
