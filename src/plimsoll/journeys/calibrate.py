"""``calibrate``: from a venue file (or frames) to a parameter set with its evidence."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plimsoll.adapters.executor import open_executor
from plimsoll.adapters.files import bars_digest
from plimsoll.calibration.evidence import Calibration
from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.calibration.run import CalibrationInputs, run_calibration
from plimsoll.config.convert import finding_policy, to_problem
from plimsoll.config.loader import VenueFile, load_venue
from plimsoll.domain.finding import FindingPolicy, Reason
from plimsoll.domain.market import MarketHistory
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.domain.table import Table
from plimsoll.journeys.as_of import as_of_ns
from plimsoll.journeys.incumbent import InForce, in_force
from plimsoll.journeys.outputs import claimed, write_outputs
from plimsoll.journeys.prices import Payments, PriceData, read_prices
from plimsoll.journeys.result import CalibrationResult
from plimsoll.journeys.stages import Stages
from plimsoll.journeys.versions import CODE_VERSION, library_versions
from plimsoll.marketdata.assembly import Assembly, assemble
from plimsoll.marketdata.checking import closed_by
from plimsoll.marketdata.funding import unfunded, with_funding

if TYPE_CHECKING:
    from plimsoll.sandbox import SandboxVenue

MANY_MARKETS = 16


def calibrate(
    venue: VenueFile | str | os.PathLike[str],
    *,
    data: Any = None,
    as_of: datetime | None = None,
    out: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    incumbent: Path | ParameterSet | None = None,
    progress: Progress = SILENT,
) -> CalibrationResult:
    """Calibrate a venue.

    Parameters
    ----------
    venue : VenueFile, str or path
        The venue file, or the folder it is in.
    data : mapping of str to Bars, or frame, optional
        Prices in memory (pandas, polars, pyarrow) instead of the files the venue names.
    as_of : datetime, optional
        Midnight (UTC) at which the set is to hold, known are the data before it. By default the
        last midnight of the data.
    out : path, optional
        Folder for parameters, evidence, report and tables; nothing is written without it.
    workers : int, optional
        Processes; the result does not depend on it.
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
    stages = Stages()
    files: tuple[Path, ...] = ()
    with claimed(out) as output:  # before any data are read
        with stages.time("check the venue file"):
            file = (
                venue
                if isinstance(venue, VenueFile)
                else load_venue(venue, check_files=data is None)
            )
            problem, policy = to_problem(file.config), finding_policy(file.config)
            standing = in_force(file, problem, incumbent)
        with stages.time("read prices"):
            prices = read_prices(file, data)
        calibration = _calibrate(
            problem,
            prices,
            policy,
            standing,
            as_of,
            workers=workers,
            progress=progress,
            stages=stages,
        )
        if output is not None:
            with stages.time("write report"):
                files = write_outputs(calibration, output, f"{problem.venue}: margin parameters")
    return CalibrationResult(calibration=calibration, timings=stages.timings, files=files)


def _calibrate(
    problem: CalibrationProblem,
    prices: PriceData,
    policy: FindingPolicy,
    standing: InForce,
    as_of: datetime | None,
    *,
    workers: int | None,
    progress: Progress,
    stages: Stages,
) -> Calibration:
    """Check the bars, then run the calibration on them."""
    midnight_ns = as_of_ns(as_of, prices.bars.values())
    with stages.time("check data"):
        progress.start("check data")
        try:
            until = None if as_of is None else midnight_ns
            assembly = assemble(prices.bars, policy, until_ns=until)
        finally:
            progress.finish()
    inputs = _inputs(problem, prices, policy, standing, assembly, midnight_ns)
    with open_executor(workers or _default_workers(len(inputs.history.markets))) as executor:
        return run_calibration(
            problem, inputs, executor=executor, progress=progress, stage=stages.time
        )


def _inputs(
    problem: CalibrationProblem,
    prices: PriceData,
    policy: FindingPolicy,
    standing: InForce,
    assembly: Assembly,
    midnight_ns: int,
) -> CalibrationInputs:
    history, sandbox = assembly.history, prices.sandbox
    absent = {m.symbol: Reason.NO_DATA for m in problem.markets if m.symbol not in prices.bars}
    funded, notes = _funded(assembly, prices.payments)
    return CalibrationInputs(
        history=funded.before(midnight_ns),
        findings=history.findings,
        sources=assembly.sources,
        refused={name: refusal.reason for name, refusal in assembly.refused.items()} | absent,
        policy=policy,
        as_of_ns=midnight_ns,
        data_digest=bars_digest({n: closed_by(b, midnight_ns) for n, b in prices.bars.items()}),
        code_version=CODE_VERSION,
        versions=library_versions(),
        incumbent=standing.incumbent,
        parent=standing.parent,
        notes=notes,
        tables=(_planted_against_found(sandbox, history),) if sandbox else (),
    )


def _planted_against_found(sandbox: SandboxVenue, history: MarketHistory) -> Table:
    from plimsoll.sandbox import comparison_table

    return comparison_table(sandbox, history.findings)


def _funded(assembly: Assembly, payments: Payments | None) -> tuple[MarketHistory, tuple[str, ...]]:
    """Lay funding over the history; say which markets have none."""
    if payments is None:
        return assembly.history, ()
    by_column = {
        market: payments[symbol]
        for market in assembly.history.markets
        if (symbol := assembly.sources.get(market, market)) in payments
    }
    missing = unfunded(assembly.history, by_column)
    notes = (f"No funding data for: {', '.join(missing)}.",) if missing else ()
    return with_funding(assembly.history, by_column), notes


def _default_workers(markets: int) -> int:
    return min(os.cpu_count() or 1, 8) if markets > MANY_MARKETS else 1
