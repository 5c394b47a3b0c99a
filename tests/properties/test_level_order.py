"""Initial margin is at least maintenance margin, whatever a set says that passes its checks.

Random parameters of every model: what the classes refuse is named with its field, what
`level_faults` finds is named with field, value and remedy, and all else is margined on random
books.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plimsoll import presets
from plimsoll.domain.account import Account
from plimsoll.domain.book import Book
from plimsoll.errors import ParameterError
from plimsoll.margin.derive import Pmrm1Parameters, Pmrm2Parameters, SrmParameters
from plimsoll.margin.governed import governance
from plimsoll.margin.level_order import level_faults
from plimsoll.testing import MarginProperty
from plimsoll.testing.generated_books import position, sized
from plimsoll.testing.margin_model import OF_BOOKS
from plimsoll.testing.subject import Subject, subject
from sandbox_models import MODELS

# Tables of tiers have no governed class: tests/properties/test_rate_models.py draws them. Add-ons
# have parameters of their own.
NAMES = [
    name
    for name in MODELS
    if name not in ("tiered", "exposure") and not name.endswith(("add-ons", "minimum"))
]
SOME = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
FACTORS = st.sampled_from([0, Decimal("0.3"), Decimal("0.8"), 1, 1, 1, Decimal("1.3"), 3])


@st.composite
def moved(draw: st.DrawFn, parameters: Any) -> Any:
    """The same parameters with some numbers changed, inside their bounds and on their grids."""
    if isinstance(parameters, Mapping):
        return {name: draw(moved(item)) for name, item in parameters.items()}
    if not is_dataclass(parameters):
        return parameters
    changed: dict[str, Any] = {}
    for name, rule in governance(parameters).items():
        value = getattr(parameters, name) * draw(FACTORS)
        value = min(max(value, rule.lower), rule.upper)
        changed[name] = value if rule.grid is None else value // rule.grid * rule.grid
    for held in fields(parameters):
        item = getattr(parameters, held.name)
        if isinstance(item, Mapping):
            changed[held.name] = draw(moved(item))
    return replace(parameters, **changed)


@st.composite
def allowed(draw: st.DrawFn, parameters: Any) -> Any:
    """Changed parameters, or why their class refuses them."""
    try:
        return draw(moved(parameters))
    except ParameterError as refused:
        return refused


@st.composite
def books(draw: st.DrawFn, tried: Subject) -> Book:
    coin = draw(st.sampled_from(["HELM", "KEEL"]))
    open_to = [m for m in tried.markets if m.startswith(coin)] or list(tried.markets)
    notional = st.sampled_from([1e3, -1e3, 2e5, -2e5]) | st.floats(-1e6, 1e6).filter(
        lambda x: abs(x) > 10.0
    )
    names = draw(st.lists(st.sampled_from(open_to), unique=True, min_size=1, max_size=5))
    held = tuple(position(tried.case, m, sized(tried.case, m, draw(notional))) for m in names)
    collateral = draw(st.sampled_from([{}, {"USDC": 20_000.0}]))
    return Book.from_accounts([Account(name="a", positions=held, collateral=collateral)])


@pytest.mark.parametrize("name", NAMES)
@SOME
@given(data=st.data())
def test_a_set_that_passes_asks_no_less_initially(name: str, data: st.DataObject) -> None:
    case = MODELS[name].case
    parameters = data.draw(allowed(case.parameters))
    if isinstance(parameters, ParameterError):
        assert "must" in str(parameters)
        assert parameters.field
        return
    faults = level_faults(parameters)
    for fault in faults:
        assert fault.path
        assert fault.found
        assert "raise" in fault.remedy
    if faults:
        return
    tried = subject(replace(case, parameters=parameters), promises=MODELS[name].promises)
    for _ in range(3):
        found = OF_BOOKS[MarginProperty.LEVELS](tried, data.draw(books(tried)))
        assert not found, "\n".join(str(f) for f in found)


WITNESSES: list[tuple[str, Any, str, str, dict[str, float]]] = [
    (
        "derive PMRM_2",
        Pmrm2Parameters(initial_factor=Decimal("0.7")),
        "initial_factor",
        "raise initial_factor to 0.8 or more, or lower maintenance_factor",
        {"HELM_USDC-Q-100-C": 1e5},
    ),
    (
        "derive PMRM",
        Pmrm1Parameters(initial_factor=Decimal("0.9")),
        "initial_factor",
        "raise initial_factor to 1 or more",
        {"HELM_USDC-PERP": 1e5},
    ),
    (
        "derive SRM",
        SrmParameters(lowest_spot_rate=Decimal("0.05"), highest_spot_rate=Decimal("0.15")),
        "lowest_spot_rate",
        "raise lowest_spot_rate to 0.075 or more, or lower call_maintenance",
        {"HELM_USDC-Q-120-C": -1e5},
    ),
    (
        "derive SRM",
        SrmParameters(unpaired_initial=Decimal("0.1")),
        "unpaired_initial",
        "raise unpaired_initial to 1.1 or more, or lower unpaired_maintenance",
        {"HELM_USDC-Q-100-C": -1e5},
    ),
    (
        "derive SRM",
        SrmParameters(perpetual_initial=Decimal("0.04")),
        "perpetual_initial",
        "raise perpetual_initial to 0.05 or more, or lower perpetual_maintenance",
        {"HELM_USDC-PERP": -1e5},
    ),
]


@pytest.mark.parametrize(("name", "bad", "field", "remedy", "held"), WITNESSES)
def test_a_set_that_fails_is_named_and_would_ask_less(
    name: str, bad: Any, field: str, remedy: str, held: dict[str, float]
) -> None:
    (fault,) = level_faults({"HELM": bad, "KEEL": type(bad)()})
    assert fault.path == f"HELM/{field}"
    assert fault.found == str(getattr(bad, field))
    assert fault.remedy == remedy
    case = replace(MODELS[name].case, parameters={"HELM": bad, "KEEL": type(bad)()})
    tried = subject(case, promises=MODELS[name].promises)
    whole = Account(
        name="a", positions=tuple(position(case, m, sized(case, m, x)) for m, x in held.items())
    )
    found = tried.prepared.requirements(Book.from_accounts([whole]))
    assert float(found.initial[0]) < float(found.maintenance[0])


def test_equal_numbers_pass() -> None:
    assert not level_faults(Pmrm2Parameters(initial_factor=Decimal("0.8")))
    assert not level_faults({"BTC": Pmrm1Parameters(initial_factor=Decimal(1))})


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_passes(name: str) -> None:
    assert not level_faults(presets.load(name).parameters)
