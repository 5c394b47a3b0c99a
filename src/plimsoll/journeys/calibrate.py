"""``calibrate``: from a venue file (or frames) to a parameter set with its evidence."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plimsoll.adapters.executor import open_executor
from plimsoll.adapters.files.atomic import Writer
from plimsoll.adapters.files.output_folder import OutputFolder
from plimsoll.calibration.conformal.path_correction import ConformalCorrection
from plimsoll.calibration.correction import Corrections
from plimsoll.calibration.evidence import Calibration, Proof
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.problem import CalibrationProblem, CorrectionName, VolatilityModel
from plimsoll.calibration.raised_level import LevelOf, no_level
from plimsoll.calibration.run import CalibrationInputs, Parts, no_parts, run_calibration
from plimsoll.config.convert import finding_policy, price_label, to_problem
from plimsoll.config.loader import GridVenueFile, VenueFile, load_any_venue
from plimsoll.domain.finding import FindingPolicy, Reason
from plimsoll.domain.market import MarketHistory, PriceKind
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.ports import SILENT, Executor, Progress
from plimsoll.domain.table import Table
from plimsoll.errors import UsageError
from plimsoll.journeys.as_of import Day, as_of_ns, midnight
from plimsoll.journeys.calibrate_checkpoint import all_done, inputs_key, kept_in
from plimsoll.journeys.calibrate_expiries import with_expiry_prices
from plimsoll.journeys.funding_cover import funded_history
from plimsoll.journeys.incumbent import InForce, in_force
from plimsoll.journeys.lent_markets import SplitHistory, split_history
from plimsoll.journeys.outputs import claimed, write_outputs
from plimsoll.journeys.prices import PriceData, read_prices
from plimsoll.journeys.reproduction import command_line, data_digests, python_call
from plimsoll.journeys.result import CalibrationResult
from plimsoll.journeys.stages import Stages
from plimsoll.journeys.versions import CODE_VERSION, library_versions
from plimsoll.marketdata.assembly import Assembly, assemble

if TYPE_CHECKING:
    from plimsoll.journeys.calibrate_parts import VenueParts
    from plimsoll.sandbox import SandboxVenue

MANY_MARKETS = 16
CORRECTIONS: Corrections = {CorrectionName.CONFORMAL: ConformalCorrection()}
"""What ``model.correction`` of a venue file may name."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Order:
    """What is asked of a calibration beside its venue: the arguments of `calibrate`.

    ``command`` is the command that makes the same set again where it is not ``calibrate``;
    ``beside`` holds further files to write into ``out``, by name.
    """

    data: Any = None
    price_kind: PriceKind | str | None = None
    as_of: Day | None = None
    out: str | os.PathLike[str] | None = None
    workers: int | None = None
    incumbent: Path | ParameterSet | None = None
    progress: Progress = SILENT
    command: str | None = None
    beside: Mapping[str, Writer] = field(default_factory=dict)


def calibrate(
    venue: VenueFile | GridVenueFile | str | os.PathLike[str],
    *,
    data: Any = None,
    price_kind: PriceKind | str | None = None,
    as_of: Day | None = None,
    out: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    incumbent: Path | ParameterSet | None = None,
    progress: Progress = SILENT,
) -> CalibrationResult:
    """Calibrate a venue.

    Parameters
    ----------
    venue : VenueFile, GridVenueFile, str or path
        The venue file, or the folder it is in: of markets, or of a grid of scenarios.
    data : frame, or mapping of str to Bars or frame, optional
        Prices in memory (pandas, polars, pyarrow) instead of the files the venue names.
    price_kind : PriceKind or str, optional
        What the prices of frames in ``data`` are; by default what the venue file says, where its
        prices are not the sandbox's.
    as_of : date, datetime or str, optional
        Midnight (UTC) at which the set is to hold, known are the data before it. By default the
        last midnight of the data.
    out : path, optional
        Folder for parameters, evidence, report and tables; nothing is written without it.
    workers : int, optional
        Processes, at least 1; the result does not depend on it.
    incumbent : ParameterSet or path, optional
        Set in force, which the new one supersedes; over the one named in the venue file.
    progress : Progress

    Returns
    -------
    CalibrationResult

    Raises
    ------
    ConfigurationError, UsageError, DataError, StorageError
    """
    order = Order(
        data=data,
        price_kind=price_kind,
        as_of=midnight(as_of),
        out=out,
        workers=workers,
        incumbent=incumbent,
        progress=progress,
    )
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise UsageError("must be a whole number of at least 1", found=workers, field="workers")
    return carry_out(order, venue)


def carry_out(
    order: Order, venue: VenueFile | GridVenueFile | str | os.PathLike[str]
) -> CalibrationResult:
    """Calibrate a venue as ordered, and write what comes of it where that is asked for."""
    stages = Stages()
    with claimed(order.out, order.beside) as output:  # before any data are read
        result = _carried_out(order, venue, stages, output)
    all_done(output)
    return replace(result, notes=stages.notes)


def _carried_out(
    order: Order,
    venue: VenueFile | GridVenueFile | str | os.PathLike[str],
    stages: Stages,
    output: OutputFolder | None,
) -> CalibrationResult:
    data = order.data
    files: tuple[Path, ...] = ()
    with stages.time("check the venue file"):
        file = (
            venue
            if isinstance(venue, VenueFile | GridVenueFile)
            else load_any_venue(venue, check_files=data is None)
        )
    if isinstance(file, GridVenueFile):
        # Not at the head: what margins options takes longer to import than a small venue.
        from plimsoll.journeys.calibrate_grid import carry_out_grid

        return carry_out_grid(order, file, stages, output)
    with stages.time("check the venue file"):
        standing = in_force(file, to_problem(file.config), order.incumbent)
    with stages.time("read prices"):
        prices = read_prices(file, data, order.price_kind)
    calibration, warm = _calibrate(order, file, prices, standing, stages, output)
    if output is not None:
        with stages.time("write report"):
            title = f"{file.config.venue.name}: margin parameters"
            files = write_outputs(calibration, output, title, {**order.beside, **warm})
    return CalibrationResult(calibration=calibration, timings=stages.timings, files=files)


def _calibrate(
    order: Order,
    file: VenueFile,
    prices: PriceData,
    standing: InForce,
    stages: Stages,
    output: OutputFolder | None,
) -> tuple[Calibration, Mapping[str, Writer]]:
    """Check the bars, run the calibration on them, and make the state that is kept warm."""
    progress, policy = order.progress, finding_policy(file.config)
    midnight_ns = as_of_ns(order.as_of, prices.bars.values())
    with stages.time("check data"):
        progress.start("check data")
        try:
            until = None if order.as_of is None else midnight_ns
            assembly = assemble(prices.bars, policy, until_ns=until)
        finally:
            progress.finish()
    # What the prices are is for the bars to say: those in memory need not be the venue file's.
    label = price_label(file.config, prices.price_kind)
    problem = replace(to_problem(file.config), label=label)
    problem, dated = with_expiry_prices(file, problem, assembly.history, midnight_ns)
    command = order.command or _command(order, file, standing, midnight_ns)
    inputs = _inputs(problem, prices, policy, standing, assembly, midnight_ns, command)
    inputs = replace(inputs, digests={**inputs.digests, **dated})
    made: VenueParts | None = None
    level: LevelOf = no_level
    if problem.beside is not None:
        with stages.time("read prices"):
            made, digests = _parts(order, file, prices, standing, stages, midnight_ns)
            level = made.level
        inputs = replace(inputs, digests={**inputs.digests, **digests})
    kept = kept_in(output, inputs_key(problem, inputs), stages)
    parts: Parts = no_parts if made is None else replace(made, kept=kept)
    seen = _Seen(parts=parts)
    with open_executor(order.workers or _default_workers(len(inputs.history.markets))) as executor:
        calibration = run_calibration(
            problem,
            inputs,
            executor=executor,
            progress=progress,
            stage=stages.time,
            corrections=CORRECTIONS,
            level=level,
            parts=seen,
            kept=kept,
        )
        warm = _warm(order, file, inputs, seen.proof, calibration, executor, stages, output)
    return calibration, warm


@dataclass(kw_only=True, eq=False)
class _Seen:
    """Parts, and the proof that they were made from."""

    parts: Parts
    proof: Proof | None = None

    def __call__(self, proof: Proof) -> tuple[CalibratedPart, ...]:
        self.proof = proof
        return self.parts(proof)


def _warm(
    order: Order,
    file: VenueFile,
    inputs: CalibrationInputs,
    proof: Proof | None,
    calibration: Calibration,
    executor: Executor,
    stages: Stages,
    output: OutputFolder | None,
) -> Mapping[str, Writer]:
    """Return the state that `recalibrate` takes up, where it can be kept and somebody wants it."""
    if output is None or order.data is not None or proof is None:
        return {}
    if proof.problem.model.volatility is not VolatilityModel.LOG_BLEND:
        return {}
    from plimsoll.journeys.calibrate_warm import warm_file
    from plimsoll.journeys.recalibrate_state import STATE

    with stages.time("keep warm"):
        state = warm_file(file, inputs, proof, calibration, executor, order.progress)
    if isinstance(state, str):
        stages.note(state)
        return {}
    return {STATE: lambda stream: stream.write(state)}


def _parts(
    order: Order,
    file: VenueFile,
    prices: PriceData,
    standing: InForce,
    stages: Stages,
    midnight_ns: int,
) -> tuple[VenueParts, Mapping[str, str]]:
    """Return what calibrates the sections beside the ratios, with digests of its own prices."""
    # Not at the head: a venue without such sections needs none of it.
    from plimsoll.journeys.calibrate_parts import VenueParts
    from plimsoll.journeys.calibrate_parts_data import parts_data

    data = parts_data(
        file,
        prices,
        order.data,
        finding_policy(file.config),
        until_ns=None if order.as_of is None else midnight_ns,
        known_ns=midnight_ns,
    )
    parts = VenueParts(
        config=file.config,
        data=data,
        payments=prices.payments,
        parent=standing.parent,
        stage=stages.time,
        progress=order.progress,
    )
    return parts, data.digests


def _command(order: Order, file: VenueFile, standing: InForce, midnight_ns: int) -> str:
    given = standing.parent if order.incumbent is not None else None
    parent_id = None if given is None else given.id
    if order.data is None:
        return command_line(file.source, midnight_ns, parent_id)
    kind = None if order.price_kind is None else str(order.price_kind)
    return python_call(file.source, midnight_ns, parent_id, kind)


def _inputs(
    problem: CalibrationProblem,
    prices: PriceData,
    policy: FindingPolicy,
    standing: InForce,
    assembly: Assembly,
    midnight_ns: int,
    command: str,
) -> CalibrationInputs:
    history, sandbox = assembly.history, prices.sandbox
    absent = {m.symbol: Reason.NO_DATA for m in problem.markets if m.symbol not in prices.bars}
    funded = funded_history(assembly, prices.payments, midnight_ns)
    symbols = {spec.symbol for spec in problem.markets}
    split = split_history(funded.history, assembly.sources, symbols)
    digests = data_digests(prices.bars, prices.payments, standing.digest, midnight_ns)
    return CalibrationInputs(
        history=split.own,
        lent=split.lent,
        findings=history.findings
        if split.lent is None
        else tuple(f for f in history.findings if not f.market or _ticker(f.market) in symbols),
        sources=assembly.sources,
        refused={
            name: refusal.reason
            for name, refusal in assembly.refused.items()
            if _ticker(name) in symbols
        }
        | absent
        | dict(prices.refused),
        policy=policy,
        as_of_ns=midnight_ns,
        data_digest=digests.pop("data"),
        code_version=CODE_VERSION,
        versions=library_versions(),
        incumbent=standing.incumbent,
        parent=standing.parent,
        notes=(*prices.notes, *funded.notes, *_lent_note(split)),
        tables=(_planted_against_found(sandbox, history),) if sandbox else (),
        funded_markets=funded.markets,
        command=command,
        digests=digests,
    )


def _ticker(market: str) -> str:
    """Symbol in the source of a market, or of a part of one (``LUNAUSDT@2022-05-13``)."""
    return market.partition("@")[0]


def _lent_note(split: SplitHistory) -> tuple[str, ...]:
    if split.lent is None:
        return ()
    count = len(split.lent.markets) - len(split.own.markets)
    return (f"Prices of {count} further markets inform the pooled forecaster (data.lend).",)


def _planted_against_found(sandbox: SandboxVenue, history: MarketHistory) -> Table:
    from plimsoll.sandbox import comparison_table

    return comparison_table(sandbox, history.findings)


def _default_workers(markets: int) -> int:
    return min(os.cpu_count() or 1, 8) if markets > MANY_MARKETS else 1
