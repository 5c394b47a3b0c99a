"""The state that `calibrate` leaves and `recalibrate` takes up: ``OUT/state/warm.state``.

One sealed file: the fitted forecaster, the problem, where the prices come from, and what tells
whether new bars follow on the old ones. Nothing of the venue file is read for a warm market but
its digest, so that a recalibration does not wait for what it does not need.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plimsoll.adapters.files.sealed_file import Seal, opened, sealed
from plimsoll.adapters.files.value_codec import decoded, encoded
from plimsoll.calibration.identity import problem_digest
from plimsoll.calibration.warm_panel import WarmPanel
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.finding import FindingPolicy
from plimsoll.domain.market import PriceKind
from plimsoll.domain.schema import Migration
from plimsoll.errors import DataError, DataFormatError
from plimsoll.journeys.versions import CODE_VERSION

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STATE = "state/warm.state"
REMEDY = "run `plimsoll calibrate`, which leaves a new state"
_MIGRATIONS: Mapping[int, Migration] = {}
_SEAL = Seal(schema="plimsoll.warm_state", version=1, migrations=_MIGRATIONS, remedy=REMEDY)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmSource:
    """Where a venue's bars and payments lie, as its file says it.

    Parameters
    ----------
    format : str
    price_kind : PriceKind
    interval_ns : int
    symbols : tuple of str
        Tickers of the pool.
    path : str or None
        With ``${NAME}``, ``{symbol}``, or relative to the venue file; None for the sandbox.
    columns : mapping of str to str, or None
    time_unit : str or None
    seed : int
        Of the sandbox.
    funding : mapping of str to object, or None
        ``format``, ``path``, ``columns``, ``time_unit`` and ``unit``.
    """

    format: str
    price_kind: PriceKind
    interval_ns: int
    symbols: tuple[str, ...]
    path: str | None
    columns: Mapping[str, str] | None
    time_unit: str | None
    seed: int
    funding: Mapping[str, object] | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WarmState:
    """Everything that a warm recalibration needs.

    Parameters
    ----------
    panel : WarmPanel
    policy : FindingPolicy
    source : WarmSource
    pool_sources : mapping of str to str
        Ticker of each market of the pool.
    venue_digest : str
        SHA-256 of the venue file.
    data_digest, set_id, verdict, label : str
        Of the calibration.
    coverage_rejected : bool
        Of its published rates, pooled.
    time_ns, log_price : (K,) int64, (K, M) float64
        The last bars: open times, and what the forecaster took.
    weights_ns, expires_ns : int
        When weights were learnt last; from when on others, or another policy, would be in force.
    code_version : str
    """

    panel: WarmPanel
    policy: FindingPolicy
    source: WarmSource
    pool_sources: Mapping[str, str]
    venue_digest: str
    data_digest: str
    set_id: str
    verdict: str
    label: str
    coverage_rejected: bool
    time_ns: IntArray
    log_price: FloatArray
    weights_ns: int
    expires_ns: int
    code_version: str = CODE_VERSION

    __repr__ = field_summary

    @property
    def problem_digest(self) -> str:
        """Digest of the problem, as sets have it."""
        return problem_digest(self.panel.problem, self.policy)


def state_bytes(state: WarmState) -> bytes:
    """Return the file of a state."""
    return sealed(_SEAL, state.set_id, encoded(state))


def read_state(place: str | os.PathLike[str]) -> tuple[WarmState, str]:
    """Return the state in the folder of a calibration, or in a file, and the file's SHA-256.

    Raises
    ------
    DataError
        Where there is none.
    DataFormatError
        Where it is cut off, changed, or of another release.
    """
    path = Path(place)
    path = path / STATE if path.is_dir() else path
    try:
        key, content = opened(path, _SEAL)
    except FileNotFoundError:
        raise DataError(
            "must hold the warm state of a calibration",
            found="no such file",
            field=str(path),
            remedy=f"{REMEDY}, where its model is log_blend without correction or tools",
        ) from None
    try:
        state = decoded(content)
    except DataFormatError as error:
        raise DataFormatError(
            "must be a warm state of this release",
            found=error.found,
            field=str(path),
            remedy=REMEDY,
        ) from None
    if not isinstance(state, WarmState) or state.set_id != key:
        raise DataFormatError(
            "must be a warm state", found=type(state).__name__, field=str(path), remedy=REMEDY
        )
    if state.code_version != CODE_VERSION:
        raise DataFormatError(
            f"must be of {CODE_VERSION}",
            found=state.code_version,
            field=str(path),
            remedy=REMEDY,
        )
    return state, hashlib.sha256(content).hexdigest()


def venue_file_digest(venue: str | os.PathLike[str]) -> tuple[Path, str]:
    """Return the venue file, which may be named by its folder, and its SHA-256.

    Raises
    ------
    DataError
    """
    path = Path(venue)
    path = path / "venue.yaml" if path.is_dir() else path
    try:
        return path, hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(
            "must be a venue file that can be read", found=error.strerror, field=str(path)
        ) from None
