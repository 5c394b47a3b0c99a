"""Sections about jumps, realised measures and self-exciting events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.conformance.statistics.peer_optima import OWN
from plimsoll.estimators.jumps.hawkes import Hawkes
from plimsoll.estimators.jumps.lee_mykland import JumpFlags, LeeMykland
from plimsoll.estimators.realised.blocks import Blocks, blocks_of
from plimsoll.estimators.realised.measures import BipowerScaling, realised_measures

Inputs = Mapping[str, Any]
Found = dict[str, Any]
Vector = NDArray[np.float64]

MEASURES = {
    "RV": "variance",
    "BV": "bipower",
    "TQ": "tripower_quarticity",
    "MedRV": "med",
    "MinRV": "min",
    "ratio_z": "ratio_z",
    "bns_ratio_z": "ratio_z",
}


def daily_jumps(inputs: Inputs) -> Found:
    """Lee and Mykland on a series as one window; ``beta_star_1pct`` holds alpha."""
    asked = inputs["asked"]
    level = next((name for name in asked if name.startswith("beta_star_")), "beta_star_1pct")
    alpha = float(level.removeprefix("beta_star_").removesuffix("pct")) / 100.0
    flags = LeeMykland(window=inputs["window"], alpha=alpha).fit(inputs["returns"])
    rows = flags.rows
    return {
        "n": inputs["returns"].size,
        "Cn": flags.threshold.centre,
        "Sn": flags.threshold.scale,
        level: flags.threshold.beta,
        "L_at": statistics_at(flags, asked.get("L_at") or {}),
        "flags_0based": rows,
        "flag_dates": labels_at(inputs["labels"], rows),
        "n_flags": rows.size,
    }


def statistics_at(flags: JumpFlags, rows: Mapping[str, Any]) -> Found:
    """Statistic of each row asked for."""
    return {row: flags.statistic[int(row)] for row in rows}


def labels_at(labels: Sequence[str], rows: NDArray[np.int64]) -> list[str] | None:
    """Dates of rows as the series writes them; None where it has none."""
    return [labels[int(row)] for row in rows] if labels else None


def intraday_jumps(inputs: Inputs) -> Found:
    """The section's name: ``n_all_alpha0.01`` or ``n_288_per_day_alpha0.001``."""
    name = inputs["path"][-1]
    comparisons = re.match(r"n_(\d+)", name)
    flags = LeeMykland(
        window=inputs["window"],
        alpha=float(name.rpartition("alpha")[2]),
        comparisons=int(comparisons[1]) if comparisons else None,
    ).fit(inputs["returns"])
    rows = flags.rows
    return {
        "Cn": flags.threshold.centre,
        "Sn": flags.threshold.scale,
        "beta": flags.threshold.beta,
        "threshold_on_abs_L": flags.threshold.critical,
        "flags_0based": rows,
        "times": labels_at(inputs["labels"], rows),
        "L": flags.statistic[rows],
    }


def block_measures(inputs: Inputs) -> Found:
    """Realised measures of ranges of rows."""
    rows = np.array(inputs["rows"], dtype=np.int64)
    blocks = Blocks(first=rows[:, 0].copy(), last=rows[:, 1].copy(), start_ns=rows[:, 0].copy())
    found = _measured(inputs["returns"], blocks)
    return {"blocks": [one | {"rows": at} for one, at in zip(found, rows, strict=True)]}


def day_measures(inputs: Inputs) -> list[Found | None]:
    """Realised measures of each UTC day asked for; None for a day that is not there."""
    times = np.array(inputs["labels"], dtype="datetime64[ns]").astype(np.int64)
    blocks = blocks_of(times)
    starts = blocks.start_ns.astype("datetime64[ns]").astype("datetime64[D]").astype(str).tolist()
    found = _measured(inputs["returns"], blocks)
    by_day = {day: one | {"day": day} for day, one in zip(starts, found, strict=True)}
    return [by_day.get(day) for day in inputs["days"]]


def _measured(returns: Vector, blocks: Blocks) -> list[Found]:
    plain = realised_measures(returns, blocks)
    scaled = realised_measures(returns, blocks, bipower_scaling=BipowerScaling.N_OVER_N_MINUS_1)
    return [
        {name: getattr(plain, own)[at] for name, own in MEASURES.items()}
        | {
            "m": int(plain.returns[at]),
            "BV_scaled_n_over_n_minus_1": scaled.bipower[at],
        }
        for at in range(len(blocks))
    ]


def branching_process(inputs: Inputs) -> Found:
    """Hawkes process of large moves; row i happens at i + 1, the window ends with the series."""
    returns, horizon = inputs["returns"], float(inputs["returns"].size)
    limit = inputs["multiple"] * np.std(returns)
    times = np.flatnonzero(np.abs(returns) > limit).astype(np.float64) + 1.0
    fitted = Hawkes().fit(times, horizon=horizon)
    ratio, decay = float(fitted.branching[0, 0]), fitted.decay
    own = {
        "mu": fitted.baseline[0],
        "alpha": fitted.excitation[0, 0],
        "beta": decay,
        "branching": ratio,
        "loglik": fitted.log_likelihood,
    }
    other = {"mu": own["mu"], "alpha": own["alpha"], "beta": decay, "eta": ratio}
    found: Found = {"n_events": times.size, "T": horizon, "own": own}
    for name in inputs["asked"]:
        if name.startswith("HawkesPyLib"):
            found[name] = other | {"theta": 1.0 / decay, OWN: fitted.log_likelihood}
    return found
