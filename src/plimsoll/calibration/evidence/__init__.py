"""Evidence behind a set: one file per table, one for the gate, one that puts them together."""

from plimsoll.calibration.evidence.build import Calibration, build_evidence
from plimsoll.calibration.evidence.proof import Proof

__all__ = ["Calibration", "Proof", "build_evidence"]
