"""What a calibration returns: the set, its evidence, and the files it wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from plimsoll.calibration.evidence import Calibration
from plimsoll.domain.evidence import Evidence
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.table import Table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CalibrationResult:
    """Parameters with their evidence; shows itself as its table of parameters.

    Parameters
    ----------
    calibration : Calibration
    timings : tuple of (stage, seconds)
        Wall-clock; not part of the evidence.
    files : tuple of Path
        What was written.
    notes : tuple of str
        Which stages were taken over from a run that was cut off; not part of the evidence.
    """

    calibration: Calibration
    timings: tuple[tuple[str, float], ...]
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def parameters(self) -> ParameterSet:
        """The parameter set."""
        return self.calibration.parameters

    @property
    def evidence(self) -> Evidence:
        """What stands behind it."""
        return self.calibration.evidence

    def table(self, name: str = "parameters") -> Table:
        """One table of the evidence."""
        return self.evidence.table(name)

    def __repr__(self) -> str:
        return (
            f"<CalibrationResult {self.parameters.id[:12]} of {self.parameters.venue}: "
            f"{self.evidence.verdict.value}, {self.evidence.label}>"
        )

    def _repr_html_(self) -> str:
        verdict = f"<p><b>{self.evidence.verdict.value}</b> – {self.evidence.label}</p>"
        return verdict + self.table()._repr_html_()

    def __str__(self) -> str:
        return f"{self.table()}\nverdict: {self.evidence.verdict.value}"
