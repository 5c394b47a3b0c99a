"""Parameters in force: from a venue's published tiers or an earlier parameter set."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from plimsoll.adapters.files.digest import file_digest
from plimsoll.adapters.venues.binance_tiers import read_leverage_tiers
from plimsoll.calibration.assembly.needs import table_key
from plimsoll.calibration.evidence.proof import Incumbent
from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.config.convert import incumbent_source
from plimsoll.config.fields import instant_ns
from plimsoll.config.loader import VenueFile
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import UsageError
from plimsoll.journeys.params import read_parameters
from plimsoll.margin.sided_tiers import MARGINAL_SHARE, SHORT_PREFIX


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InForce:
    """What is in force: tables to compare with, and the set to supersede where it is ours.

    ``digest`` is the SHA-256 of its file; for a parameter set, its id.
    """

    incumbent: Incumbent | None
    parent: ParameterSet | None
    digest: str | None = None


def in_force(
    venue: VenueFile, problem: CalibrationProblem, given: Path | ParameterSet | None
) -> InForce:
    """Return the incumbent: the set given, else what the venue file names, else nothing."""
    if given is not None:
        return _of_set(given if isinstance(given, ParameterSet) else read_parameters(given))
    source = incumbent_source(venue)
    if source is None:
        return InForce(incumbent=None, parent=None)
    if source.format == "parameter_set":
        return _of_set(read_parameters(source.path), source.valid_from_ns)
    tables = read_leverage_tiers(source.path)
    return InForce(
        incumbent=Incumbent(
            name=source.path.name,
            tiers=_by_symbol(problem, tables),
            valid_from_ns=source.valid_from_ns,
        ),
        parent=None,
        digest=file_digest(source.path),
    )


def _of_set(parameters: ParameterSet, valid_from_ns: int | None = None) -> InForce:
    moment = datetime.fromisoformat(parameters.valid_from)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = valid_from_ns if valid_from_ns is not None else instant_ns(moment)
    if since is None:
        raise UsageError("must say since when it holds", field="valid_from")
    return InForce(
        incumbent=Incumbent(
            name=f"parameter set {parameters.id[:12]}",
            tiers=(tables := _tables(parameters)),
            valid_from_ns=since,
            whole=whole_tables(parameters, tables),
        ),
        parent=parameters,
        digest=parameters.id,
    )


def _tables(parameters: ParameterSet) -> dict[str, TierTable]:
    """Return every table of a set by its key; what has no tiers is no market of the ratios."""
    held = {parameter.key for parameter in parameters}
    return {
        table_key(market, prefix): parameters.tiers(market, prefix)
        for market in parameters.markets
        for prefix in ("", SHORT_PREFIX)
        if f"{market}/{prefix}tier[0].maintenance_rate" in held
    }


def whole_tables(parameters: ParameterSet, tables: Collection[str]) -> frozenset[str]:
    """Return which tables of a set have rates that hold for the whole position, as it says."""
    said = {p.market for p in parameters if p.name == MARGINAL_SHARE and p.value == 0}
    return frozenset(key for key in tables if key.removesuffix(f"/{SHORT_PREFIX}") in said)


def _by_symbol(
    problem: CalibrationProblem, tables: Mapping[str, TierTable]
) -> dict[str, TierTable]:
    return {m.symbol: tables[m.instrument] for m in problem.markets if m.instrument in tables}
