"""``recalibrate``: one market anew from the warm state of a calibration, without a fit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from plimsoll.adapters.files.digest import file_digest
from plimsoll.adapters.files.output_folder import OutputFolder, open_output
from plimsoll.adapters.files.output_manifest import MANIFEST
from plimsoll.calibration.solve import MarketSolution
from plimsoll.calibration.warm_kept import taken
from plimsoll.calibration.warm_panel import WarmPanel
from plimsoll.calibration.warm_policy import MarketDays
from plimsoll.domain.evidence import Evidence
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.table import Table, iso_minute
from plimsoll.errors import DataError, InsufficientDataError, UsageError
from plimsoll.journeys.as_of import Day, as_of_ns, midnight
from plimsoll.journeys.params import difference, read_parameters
from plimsoll.journeys.recalibrate_bars import FollowingBars, following_bars
from plimsoll.journeys.recalibrate_evidence import dated, warm_evidence, warm_plan
from plimsoll.journeys.recalibrate_in_force import SetInForce, set_in_force
from plimsoll.journeys.recalibrate_set import (
    Judged,
    judged_since,
    other_tables,
    superseding,
    tables_of,
)
from plimsoll.journeys.recalibrate_state import (
    REMEDY,
    WarmState,
    read_state,
    venue_file_digest,
)
from plimsoll.journeys.stages import Stages

PARAMETERS, EVIDENCE = "parameters.json", "evidence.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecalibrationResult:
    """A proposal for one market; shows itself as what changes.

    Parameters
    ----------
    market : str
    parameters : ParameterSet
        The parent's, with the market's solved again.
    evidence : Evidence
        What moved, and what was held against the rules; coverage is the parent's.
    changes : Table
        Parent against proposal, for the market.
    parent : ParameterSet
        In force on the day: the state's set, or the one that its schedule has come to.
    schedule : tuple of ParameterSet
        Dated sets that lead there under the step limits; the last is the proposal.
    timings : tuple of (stage, seconds)
    files : tuple of Path
    """

    market: str
    parameters: ParameterSet
    evidence: Evidence
    changes: Table
    parent: ParameterSet
    schedule: tuple[ParameterSet, ...]
    timings: tuple[tuple[str, float], ...]
    files: tuple[Path, ...] = ()

    def __repr__(self) -> str:
        return (
            f"<RecalibrationResult {self.evidence.parameter_set_id[:12]} of {self.market}: "
            f"{self.evidence.verdict.value}, {self.evidence.label}>"
        )

    def __str__(self) -> str:
        return f"{self.changes}\nverdict: {self.evidence.verdict.value}"


def recalibrate(
    venue: str | os.PathLike[str],
    *,
    market: str,
    state: str | os.PathLike[str] = "out",
    as_of: Day | None = None,
    out: str | os.PathLike[str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> RecalibrationResult:
    """Solve one market's tiers again from the state that a calibration of the venue left.

    Bars since then are taken one by one, by the forecaster as it was fitted; the market's price
    risk, policy and tiers are solved where that leads. Everything else of the set stays.

    Parameters
    ----------
    venue : path
        The venue file as it was calibrated, or its folder.
    market : str
        Symbol, as in the venue file.
    state : path
        Folder of the calibration, with its set beside the state. By default ``out``.
    as_of : date, datetime or str, optional
        Midnight (UTC) at which the set is to hold. By default the last midnight of the data.
    out : path, optional
        Folder for parameters and evidence; nothing is written without it.
    variables : mapping, optional
        Values of ``${NAME}`` in paths; they win over the environment's.

    Returns
    -------
    RecalibrationResult

    Raises
    ------
    UsageError
        For a market that is not calibrated, a midnight that is none or not within the data, and
        an ``out`` that is, or lies within, the folder of the calibration.
    DataError
        Where the state is none, is stale, or the bars do not follow on it: calibrate the venue.
    """
    stages, moment = Stages(), midnight(as_of)
    if out is not None:
        _check_apart(out, state)
    at_ns = None if moment is None else as_of_ns(moment, ())
    if out is None:
        return _recalibrated(venue, market, state, at_ns, variables, stages)
    with open_output(out, (PARAMETERS, EVIDENCE)) as output:
        result = _recalibrated(venue, market, state, at_ns, variables, stages)
        with stages.time("write"):
            files = _written(result, output)
    return replace(result, files=files, timings=stages.timings)


def _recalibrated(
    venue: str | os.PathLike[str],
    market: str,
    place: str | os.PathLike[str],
    at_ns: int | None,
    variables: Mapping[str, str] | None,
    stages: Stages,
) -> RecalibrationResult:
    with stages.time("read the state"):
        state, digest = read_state(place)
        path, signed = _checked_venue(venue, state), _signed(place, state)
        _check_market(state.panel, market)
    with stages.time("read new bars"):
        named = {**os.environ, **(variables or {})}
        bars = following_bars(state, path.parent, named, at_ns)
        _check_fresh(state, bars)
        standing = set_in_force(_folder(place), signed, bars.as_of_ns)
        parent = standing.parameters
    with stages.time("take new bars"):
        panel, days, volatilities = taken(state.panel, bars.panel, market)
    with stages.time("judge the parent's rates"):
        judged = judged_since(state, bars, volatilities, parent)
    with stages.time("solve"):
        solution = _solved(state, panel, market, parent, days, judged)
        planned = warm_plan(state, bars, solution, standing.id)
        parameters = superseding(state, standing, solution, bars, digest)
        schedule = dated(state, planned, parameters)
        parameters = schedule[-1] if schedule else parameters
        evidence = warm_evidence(
            state, panel, days, bars, solution, standing, planned, parameters, digest, judged
        )
    return RecalibrationResult(
        market=market,
        parameters=parameters,
        evidence=evidence,
        changes=_changes(parent, parameters, market, standing.id, evidence.parameter_set_id),
        parent=parent,
        schedule=schedule,
        timings=stages.timings,
    )


def _changes(
    parent: ParameterSet, parameters: ParameterSet, market: str, parent_id: str, set_id: str
) -> Table:
    """What changes of the market; of its own parameters, so that ids of whole sets are not made."""
    mine = [
        replace(one, parameters=tuple(p for p in one if p.market == market))
        for one in (parent, parameters)
    ]
    found = difference(mine[0], mine[1], market=market)
    return replace(found, title=f"From {parent_id[:12]} to {set_id[:12]}")


def _checked_venue(venue: str | os.PathLike[str], state: WarmState) -> Path:
    path, digest = venue_file_digest(venue)
    if digest != state.venue_digest:
        raise DataError(
            "must be the venue file that was calibrated, to the letter",
            found=f"a file of digest {digest[:12]}, calibrated was {state.venue_digest[:12]}",
            field=str(path),
            remedy=REMEDY,
        )
    return path


def _folder(place: str | os.PathLike[str]) -> Path:
    """The folder of the calibration; a state may be named by its own path in it."""
    return Path(place) if Path(place).is_dir() else Path(place).parent.parent


def _check_apart(out: str | os.PathLike[str], state: str | os.PathLike[str]) -> None:
    """Refuse to write over the calibration whose state is read: its set, evidence and state."""
    target, folder = Path(out).resolve(), _folder(state).resolve()
    if target == folder or folder in target.parents:
        raise UsageError(
            "must be another folder than that of the calibration, and not within it",
            found=str(out),
            field="out",
            remedy="name another folder for the proposal; state, set and evidence stay",
        )


def _signed(place: str | os.PathLike[str], state: WarmState) -> SetInForce:
    folder = _folder(place)
    # The id of a set is the digest of its file: made once, for it takes a tenth of a second.
    digest = file_digest(folder / PARAMETERS)
    if digest != state.set_id:
        raise DataError(
            "must be the set of the state",
            found=f"{digest[:12]}, the state is of {state.set_id[:12]}",
            field=str(folder / PARAMETERS),
            remedy=REMEDY,
        )
    return SetInForce(parameters=read_parameters(folder), id=digest)


def _check_market(panel: WarmPanel, market: str) -> None:
    if market not in panel.paths.markets:
        raise UsageError(
            "must be a market of the calibration",
            found=market,
            field="market",
            remedy=f"choose from {', '.join(panel.paths.markets)}",
        )


def _check_fresh(state: WarmState, bars: FollowingBars) -> None:
    """Refuse a day on which a calibration would have learnt weights, or chosen, anew."""
    if bars.as_of_ns >= state.expires_ns:
        raise DataError(
            f"must be of a day before {iso_minute(state.expires_ns)[:10]}: from then on other "
            "weights, constants or another policy are in force",
            found=iso_minute(bars.as_of_ns)[:10],
            field="as_of",
            remedy=REMEDY,
        )


def _solved(
    state: WarmState,
    panel: WarmPanel,
    market: str,
    parent: ParameterSet,
    days: MarketDays,
    judged: Judged,
) -> MarketSolution:
    solution = panel.recalibrated(
        market,
        tables_of(parent, market),
        coverage_rejected=state.coverage_rejected or judged.rejected,
        days=days,
        others=other_tables(parent, market),
    )
    if not solution.tables:
        reason = "no number" if solution.reason is None else solution.reason.value
        raise InsufficientDataError(
            "must have a number for its price risk", found=reason, field=market, remedy=REMEDY
        )
    return solution


def _written(result: RecalibrationResult, output: OutputFolder) -> tuple[Path, ...]:
    from plimsoll.report.document import evidence_bytes

    output.write(PARAMETERS, result.parameters.canonical())
    output.write(EVIDENCE, evidence_bytes(result.evidence))
    dated_files = {
        f"schedule/{step:02d}.json": one.canonical()
        for step, one in enumerate(result.schedule, start=1)
    }
    for name, data in dated_files.items():
        output.write(name, data)
    return tuple(output.folder / n for n in (PARAMETERS, EVIDENCE, *dated_files, MANIFEST))
