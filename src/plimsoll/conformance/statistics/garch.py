"""``garch_*``: maximum-likelihood fits with all that follows, EWMA, historical measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from plimsoll.conformance.contract import UnknownCase
from plimsoll.conformance.statistics.garch_fits import fitted_model
from plimsoll.conformance.statistics.garch_rules import CONVENTIONS, RULES
from plimsoll.conformance.statistics.sections import SectionForm, Source
from plimsoll.conformance.statistics.window_measures import window_measures
from plimsoll.estimators.volatility import Ewma
from plimsoll.estimators.volatility.ewma import half_life_of_decay
from plimsoll.maths.recursions import ewma_filter

Inputs = Mapping[str, Any]

__all__ = ["CONVENTIONS", "RULES", "SECTIONS", "compute"]


def _returns(source: Source) -> Any:
    return source.table(source.document.get("input")).column("r")


def _model_inputs(source: Source, _path: tuple[str, ...], content: Any) -> Inputs:
    return {
        "returns": _returns(source),
        "spec": content["spec"],
        "arch_fit": content.get("params_arch_fit"),
        "beyond": content.get("unconstrained_optimum", {}).get("params"),
        "steps": len(content.get("var_forecast", ())),
    }


def _series_inputs(source: Source, _path: tuple[str, ...], _content: Any) -> Inputs:
    return {"returns": _returns(source)}


SECTIONS = (
    SectionForm(path="models/*", inputs=_model_inputs),
    SectionForm(path="ewma_*", inputs=_series_inputs),
    SectionForm(path="hist_cf_*", inputs=_series_inputs),
    SectionForm(path="", inputs=_series_inputs),
)


def compute(kind: str, inputs: Inputs, _parameter_sets: Inputs) -> Mapping[str, Any]:
    """Compute one section; see `plimsoll.conformance.contract.Compute`."""
    if kind not in _SECTIONS:
        raise UnknownCase(kind)
    return _SECTIONS[kind](inputs)


def _ewma(inputs: Inputs) -> Mapping[str, Any]:
    """The section's name holds the decay."""
    returns, asked = inputs["returns"], inputs["asked"]
    decay = float(inputs["path"][-1].rsplit("_", 1)[1])
    fitted = Ewma(half_life=half_life_of_decay(decay), innovations="normal").fit(returns)
    after = ewma_filter(returns[1:], returns[0] ** 2, decay)
    first = asked.get("pandas_init_first_square") or {}
    rows = (asked.get("arch_backcast_init") or {}).get("cond_vol_at") or {}
    return {
        "arch_backcast_init": {
            "cond_vol_at": {row: fitted.conditional_volatility[int(row)] for row in rows},
            "next_var": fitted.variance_next,
        },
        "pandas_init_first_square": {
            "next_var_after": {row: after[int(row)] for row in first.get("next_var_after") or {}}
        },
    }


def _window(inputs: Inputs) -> Mapping[str, Any]:
    """The section's name holds the window: ``all`` or ``last`` and a number of rows."""
    window = inputs["path"][-1].removeprefix("hist_cf_")
    returns = inputs["returns"]
    if window != "all":
        returns = returns[-int(window.removeprefix("last")) :]
    return window_measures(-returns, [level for level in inputs["asked"] if level != "moments"])


_SECTIONS: Mapping[str, Callable[[Inputs], Mapping[str, Any]]] = {
    "models/*": fitted_model,
    "ewma_*": _ewma,
    "hist_cf_*": _window,
    "": lambda inputs: {"n": inputs["returns"].size},
}
