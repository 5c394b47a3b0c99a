"""Every name of the evidence, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.calibration.evidence.build import Calibration, build_evidence
from plimsoll.calibration.evidence.proof import Proof

__all__ = ["Calibration", "Proof", "build_evidence"]
