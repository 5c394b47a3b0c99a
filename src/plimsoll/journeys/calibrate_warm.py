"""The warm state that a calibration leaves beside its set."""

from __future__ import annotations

import numpy as np

from plimsoll.calibration.evidence import Calibration, Proof
from plimsoll.calibration.run import CalibrationInputs
from plimsoll.calibration.warm_kept import kept_warm
from plimsoll.config.convert import funding_source, price_source
from plimsoll.config.loader import VenueFile
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.market import DAY_NS, MarketHistory
from plimsoll.domain.ports import Executor, Progress
from plimsoll.errors import ParameterError
from plimsoll.estimators.reference.default_model import REVISIONS, default_at
from plimsoll.estimators.reference.panel import returns_panel
from plimsoll.estimators.reference.steps import grid_steps
from plimsoll.journeys.recalibrate_state import (
    WarmSource,
    WarmState,
    state_bytes,
    venue_file_digest,
)

HISTORY_DAYS = 14
"""Days whose bars a later run must find unchanged."""
PUBLISHED = "Maintenance coverage, as published"


def warm_file(
    file: VenueFile,
    inputs: CalibrationInputs,
    proof: Proof,
    calibration: Calibration,
    executor: Executor,
    progress: Progress,
) -> bytes | str:
    """Return the file of the state; in words why there is none, where there can be none."""
    try:
        state = warm_state(file, inputs, proof, calibration, executor, progress)
    except ParameterError as error:
        return f"no warm state is kept: {error.field} {error.must}, found {error.found}"
    return state_bytes(state)


def warm_state(
    file: VenueFile,
    inputs: CalibrationInputs,
    proof: Proof,
    calibration: Calibration,
    executor: Executor,
    progress: Progress,
) -> WarmState:
    """Return the state of a venue file's calibration.

    Raises
    ------
    ParameterError
        Where the model, a correction, a tool or the policy cannot be kept warm.
    """
    evidence, pool = calibration.evidence, inputs.lent or proof.history
    policy = evidence.provenance.get("margin_policy")
    panel = kept_warm(proof, inputs.lent, dict(inputs.sources), policy, executor, progress)
    bars = slice(-HISTORY_DAYS * DAY_NS // pool.interval_ns, None)
    learnt, learns = _learning(pool, panel.paths.time_ns[-1])
    return WarmState(
        panel=panel,
        policy=inputs.policy,
        source=_source(file, pool, inputs),
        pool_sources={m: inputs.sources.get(m, m) for m in pool.markets},
        venue_digest=venue_file_digest(file.source)[1],
        data_digest=inputs.data_digest,
        set_id=calibration.parameters.id,
        verdict=evidence.verdict.value,
        label=evidence.label,
        coverage_rejected=any(
            check.name == PUBLISHED and check.verdict is Verdict.BREACH for check in evidence.checks
        ),
        time_ns=pool.time_ns[bars].copy(),
        log_price=returns_panel(pool).log_price[bars].copy(),
        weights_ns=learnt,
        expires_ns=min(learns, _new_constants(panel.paths.time_ns[-1], policy)),
    )


def _learning(pool: MarketHistory, now_ns: int) -> tuple[int, int]:
    """When the weights of the time scales were learnt last, and when they would be again."""
    model, panel = default_at(int(now_ns)), returns_panel(pool)
    first = int(grid_steps(panel, model.step_hours).time_ns[0])
    refit = model.weights.refit_days * DAY_NS
    done = (int(now_ns) - first) // refit
    return first + done * refit, first + (done + 1) * refit


def _new_constants(now_ns: int, policy: str | None) -> int:
    """The next revision of the forecaster; where a policy was chosen, the next New Year."""
    later = [one.from_ns for one in REVISIONS if one.from_ns > now_ns]
    if policy is not None:
        year = np.datetime64(int(now_ns), "ns").astype("datetime64[Y]") + 1
        later.append(int(year.astype("datetime64[ns]").astype(np.int64)))
    return min(later, default=np.iinfo(np.int64).max)


def _source(file: VenueFile, pool: MarketHistory, inputs: CalibrationInputs) -> WarmSource:
    prices, source, paid = file.config.data.prices, price_source(file), funding_source(file)
    return WarmSource(
        format=source.format,
        price_kind=source.price_kind,
        interval_ns=source.interval_ns,
        symbols=tuple(dict.fromkeys(inputs.sources.get(m, m) for m in pool.markets)),
        path=prices.path,
        columns=None if source.columns is None else dict(source.columns),
        time_unit=source.time_unit,
        seed=file.config.seed,
        funding=None
        if paid is None or file.config.data.funding is None
        else {
            "format": paid.format,
            "path": file.config.data.funding.path,
            "columns": dict(paid.columns),
            "time_unit": paid.time_unit,
            "unit": paid.unit,
        },
    )
