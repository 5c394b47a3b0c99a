"""What a calibration keeps while it runs, so that one that was killed goes on where it stood."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import plimsoll
from plimsoll.adapters.files.kept_stages import KeptStages, remove_kept
from plimsoll.adapters.files.output_folder import OutputFolder
from plimsoll.calibration.identity import problem_digest
from plimsoll.calibration.kept import NOTHING_KEPT, Kept
from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.calibration.run import CalibrationInputs
from plimsoll.journeys.stages import Stages


def kept_in(output: OutputFolder | None, key: str, stages: Stages) -> Kept:
    """Return the place for finished stages in the folder of a run; nowhere without one.

    Parameters
    ----------
    key : str
        Digest of everything that the stages depend on but the code: `code_digest` joins it.
    """
    if output is None:
        return NOTHING_KEPT
    return KeptStages(output.folder, problem_digest(key, code_digest()), stages.note)


def all_done(output: OutputFolder | None) -> None:
    """Remove what was kept, once the files of the run are in place."""
    if output is not None:
        remove_kept(output.folder)


def inputs_key(problem: CalibrationProblem, inputs: CalibrationInputs) -> str:
    """Return the digest of everything that a calibration's stages depend on, but the code."""
    return problem_digest(
        problem,
        inputs.policy,
        inputs.as_of_ns,
        inputs.data_digest,
        dict(inputs.digests),
        dict(inputs.versions),
    )


@lru_cache(maxsize=1)
def code_digest() -> str:
    """SHA-256 of the package as it stands on disk: its constants are part of what was computed."""
    root = Path(plimsoll.__file__).parent
    digest = hashlib.sha256()
    files = (p for p in root.rglob("*.*") if p.suffix in (".py", ".yaml", ".json", ".csv"))
    for path in sorted(files):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
