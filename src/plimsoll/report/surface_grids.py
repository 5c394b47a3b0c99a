"""A surface on grids: the mesh of its picture, and the map of where it comes near to arbitrage."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from plimsoll.domain.option_chain import FloatArray
from plimsoll.domain.surface import VolSurface
from plimsoll.estimators.surface.quote_errors import DAYS
from plimsoll.maths.svi import durrleman, durrleman_values, surface_points, svi_total_variance
from plimsoll.report.surface_view import expiry_name

MAP_HALF_WIDTH = 3.0
"""Largest absolute log-moneyness of the arbitrage map."""
MAP_BEND = 0.02
"""Log-moneyness at which the map's axis turns from linear to logarithmic."""
_MAP_POINTS = 241
MESH_DEVIATIONS = 2.5
_MESH_ACROSS, _MESH_ALONG = 41, 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArbitrageMap:
    """Where a surface comes near to arbitrage.

    Parameters
    ----------
    log_moneyness : (m,) float64
        From -3 to 3, dense in the middle.
    names : tuple of n str
        Expiries, and the time midway between each and the next.
    density : (n, m) float64
        Durrleman's g; negative: butterfly arbitrage.
    steps : tuple of str
        Neighbouring expiries.
    forward_vol : (s, m) float64
        Volatility between neighbouring expiries at fixed log-moneyness, per cent; negative where
        total variance falls: calendar arbitrage.
    """

    log_moneyness: FloatArray
    names: tuple[str, ...]
    density: FloatArray
    steps: tuple[str, ...]
    forward_vol: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mesh:
    """The surface on a grid: deviations from the forward, days to expiry, volatility in per cent.

    Parameters
    ----------
    deviations : (m,) float64
    days : (n,) float64
    vol : (n, m) float64
    """

    deviations: FloatArray
    days: FloatArray
    vol: FloatArray


def arbitrage_map(surface: VolSurface) -> ArbitrageMap:
    """Return g and forward volatility of a surface over log-moneyness."""
    bent = np.linspace(-1.0, 1.0, _MAP_POINTS) * np.arcsinh(MAP_HALF_WIDTH / MAP_BEND)
    k = MAP_BEND * np.sinh(bent)
    raw = surface.raw()
    names = [expiry_name(expiry) for expiry in surface.expiries_ns]
    rows, labels = [], []
    slices = durrleman(raw, k)
    for i, name in enumerate(names):
        rows.append(slices[i])
        labels.append(name)
        if i + 1 < len(names):
            rows.append(_midway(surface, i, k))
            labels.append(f"{name} +")
    variance = svi_total_variance(raw, k)
    years = np.diff([s.tau_years for s in surface.smiles])[:, None]
    growth = np.diff(variance, axis=0) / years
    return ArbitrageMap(
        log_moneyness=k,
        names=tuple(labels),
        density=np.array(rows),
        steps=tuple(f"{a} – {b}" for a, b in pairwise(names)),
        forward_vol=100.0 * np.sign(growth) * np.sqrt(np.abs(growth)),
    )


def mesh(surface: VolSurface) -> Mesh:
    """Return the surface over deviations and time, from the first expiry to the last."""
    smiles = surface.smiles
    tau = np.array([s.tau_years for s in smiles])
    times = np.geomspace(tau[0], tau[-1], _MESH_ALONG) if len(smiles) > 1 else tau
    # The clock between listed expiries is taken as even: a picture needs no more.
    clock = np.interp(times, tau, [s.variance_years for s in smiles])
    listed = np.array([s.variance_years for s in smiles])
    money = surface_points(surface.raw(), listed, 0.0, clock).variance
    across = np.linspace(-MESH_DEVIATIONS, MESH_DEVIATIONS, _MESH_ACROSS)
    k = across[None, :] * np.sqrt(money)[:, None]
    points = surface_points(surface.raw(), listed, k, clock[:, None])
    return Mesh(
        deviations=across,
        days=DAYS * times,
        vol=100.0 * np.sqrt(points.variance / times[:, None]),
    )


def _midway(surface: VolSurface, index: int, k: FloatArray) -> FloatArray:
    listed = np.array([s.variance_years for s in surface.smiles])
    at = 0.5 * (listed[index] + listed[index + 1])
    points = surface_points(surface.raw(), listed, k, at)
    return durrleman_values(k, points.variance, points.slope, points.curvature)
