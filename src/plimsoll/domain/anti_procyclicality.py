"""The anti-procyclicality tools a calibration may use."""

from __future__ import annotations

from dataclasses import dataclass

from plimsoll.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class AntiProcyclicality:
    """The three EMIR Article 28 tools; all off by default, so that coverage shows the model.

    Parameters
    ----------
    buffer : float
        Share by which margin is raised, and which may be used up (0.25; 0 = off).
    stress_weight : float
        Weight of the stressed margin (0.25; 0 = off).
    long_floor : bool
        Margin not below that of the whole history (up to ten years).
    """

    buffer: float = 0.0
    stress_weight: float = 0.0
    long_floor: bool = False

    def __post_init__(self) -> None:
        for name in ("buffer", "stress_weight"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ParameterError("must lie in [0, 1]", found=getattr(self, name), field=name)

    @property
    def names(self) -> str:
        """Tools in force, for tables."""
        named = [
            f"buffer {self.buffer:.0%}" if self.buffer else "",
            f"stress weight {self.stress_weight:.0%}" if self.stress_weight else "",
            "long floor" if self.long_floor else "",
        ]
        return ", ".join(filter(None, named)) or "none"
