"""Every governed parameter has, at each of its bounds, a case whose number feels it.

At a bound means that the case's own value is the bound; to feel it means that the same case fails
when the value alone is moved inside its admissible range. A value that the model refuses does not
count, so that parameters bound to each other need cases of their own.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import is_dataclass
from typing import Any

import pytest
import test_add_on_cases as add_ons
import test_collateral_cases as collateral
import test_derive_cases as derive
import test_exposure_margins_at_bounds as exposure
import test_funding_cases as funding
import test_grid_model_cases as grids
import test_hybrid_at_bounds as hybrid
import test_liquidation_cases as liquidation
import test_net_equity_cases as net_equity
import test_rate_model_cases as rates
import test_simulated_margins_at_bounds as simulated
import test_underlying_cases as underlying
from bound_trials import Trial, unfelt

import plimsoll.margin
from plimsoll.margin.derive.pmrm_parameters import PmrmParameters
from plimsoll.margin.governed import governance

SOURCES = (
    add_ons,
    collateral,
    derive,
    exposure,
    funding,
    grids,
    hybrid,
    liquidation,
    net_equity,
    rates,
    simulated,
    underlying,
)
TRIALS: dict[type[Any], Callable[[], Iterable[Trial]]] = {
    kind: trials for source in SOURCES for kind, trials in source.TRIALS.items()
}
# No model of its own: what PMRM and PMRM_2 share, governed and tried in each of them.
SHARED = {PmrmParameters}


def governed_kinds() -> set[type[Any]]:
    """Every class below `plimsoll.margin` that declares governed parameters."""
    path = plimsoll.margin.__path__
    found = set()
    for module in pkgutil.walk_packages(path, "plimsoll.margin."):
        for kind in vars(importlib.import_module(module.name)).values():
            if isinstance(kind, type) and is_dataclass(kind) and governance(kind):
                found.add(kind)
    return found


def test_no_kind_of_parameters_is_left_out() -> None:
    assert set(TRIALS) == governed_kinds() - SHARED


@pytest.mark.parametrize("kind", list(TRIALS), ids=lambda kind: kind.__name__)
def test_each_bound_is_felt(kind: type[Any]) -> None:
    assert unfelt(kind, TRIALS[kind]()) == []
