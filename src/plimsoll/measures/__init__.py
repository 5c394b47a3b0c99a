"""Risk measures of samples of losses: value-at-risk, expected shortfall, spectral measures."""

from plimsoll.measures.empirical import expected_shortfall, value_at_risk
from plimsoll.measures.panel import expected_shortfall_columns, value_at_risk_columns
from plimsoll.measures.result import BlockBootstrap, Convention, Measure
from plimsoll.measures.spectral import spectral
from plimsoll.measures.spectrum import (
    Spectrum,
    exponential_spectrum,
    power_spectrum,
    shortfall_mixture_spectrum,
    spectrum_from_density,
)

__all__ = [
    "BlockBootstrap",
    "Convention",
    "Measure",
    "Spectrum",
    "expected_shortfall",
    "expected_shortfall_columns",
    "exponential_spectrum",
    "power_spectrum",
    "shortfall_mixture_spectrum",
    "spectral",
    "spectrum_from_density",
    "value_at_risk",
    "value_at_risk_columns",
]
