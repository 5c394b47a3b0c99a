"""What is known of a surface at a time: its smiles carried on, in coordinates, with covariances.

Between quotes the smiles keep their shape in standardised moneyness and their forward variance,
and what is known of them fades as a random walk (`plimsoll.estimators.surface.previous`). That
keeps a surface free of arbitrage: carried on, a smile is ``r w(k / sqrt(r))`` with r the share of
its variance time that is left. Its g is that of w at ``k / sqrt(r)`` plus ``(1 - r) w'^2 / 16``.
It rises in r, as ``1 - x w'(x) / (2 w(x)) > 0`` (Fukasawa, 2012), and r rises with expiry, so that
two smiles that did not cross do not cross afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from plimsoll.domain.option_chain import BoolArray, FloatArray
from plimsoll.domain.surface import SviSmile, VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.previous import carried_smiles
from plimsoll.estimators.surface.settings import SurfaceSettings
from plimsoll.estimators.surface.uncertainty import raw_jacobian
from plimsoll.maths.surface_fit_curve import COORDINATES, LOG_LEVEL, raw_of_coordinates
from plimsoll.maths.variance_clock import calendar_years, variance_years

STREAMED = SurfaceSettings(level_move=0.25, tenor_power=0.6, shape_move=0.05, shape_power=0.0)
"""How far a surface moves in a day, as it did on 424 pairs of real chains: the quotes of the next
snapshot lie one standard deviation away (0.90 in root mean square; 0.9 to 1.2 for expiries up to 90
days, 0.6 beyond). A fit takes the surface before as a hint only, and believes it much less."""
_UNKNOWN = 1.0
"""Standard deviation of the coordinates of a smile without covariance."""
_SHORTEST_WALK_NS = 60 * 10**9
"""`carried_smiles` knows no shorter time; less time adds less."""
_ROUNDING = 1e-10
"""Share of its diagonal by which a covariance may miss being positive definite."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Belief:
    """Coordinates of n smiles, standardised by ``deviation``, with their covariances.

    Parameters
    ----------
    surface : VolSurface
        The one carried on.
    at_ns : int
    smiles : tuple of SviSmile
        At that time, but with the parameters of before.
    years, deviation : (n,) float64
    theta : (n, 5) float64
    covariance : (n, 5, 5) float64
    held : (n,) bool
        Smiles that are not to move.
    """

    surface: VolSurface
    at_ns: int
    smiles: tuple[SviSmile, ...]
    years: FloatArray
    deviation: FloatArray
    theta: FloatArray
    covariance: FloatArray
    held: BoolArray

    def part(self, kept: slice) -> Belief:
        """Some smiles in a row; those at the cuts are held."""
        cut = self.held.copy()
        start, stop, _ = kept.indices(cut.size)
        cut[start] |= start > 0
        cut[stop - 1] |= stop < cut.size
        return replace(
            self,
            smiles=self.smiles[kept],
            years=self.years[kept],
            deviation=self.deviation[kept],
            theta=self.theta[kept],
            covariance=self.covariance[kept],
            held=cut[kept],
        )


def carried_belief(surface: VolSurface, at_ns: int, settings: SurfaceSettings) -> Belief:
    """Carry a surface on to a later time; expiries past by then are gone.

    Raises
    ------
    UsageError
        For a time before the surface's, or one at which all its expiries have passed.
    """
    if at_ns < surface.at_ns:
        raise UsageError("must not be before the surface's time", found=at_ns, field="at_ns")
    alive = tuple(smile for smile in surface.smiles if smile.expiry_ns > at_ns)
    if not alive:
        raise UsageError(
            "must be before the surface's last expiry",
            found=at_ns,
            field="at_ns",
            remedy="fit a surface to a chain of that time",
        )
    expiries = [smile.expiry_ns for smile in alive]
    listed = np.array(expiries, dtype=np.int64)
    years = calendar_years(np.int64(at_ns), listed)
    clock = variance_years(surface.clock.day_weights, np.int64(at_ns), listed)
    carried = carried_smiles(surface, settings, at_ns, expiries, years, clock)
    walk = min((at_ns - surface.at_ns) / _SHORTEST_WALK_NS, 1.0) * carried.scale**2
    theta = carried.shape.copy()
    theta[:, LOG_LEVEL] = 0.0
    covariance = _coordinate_covariances(alive, theta)
    wider = walk + _ROUNDING * np.einsum("ijj->ij", covariance)
    covariance += wider[:, :, None] * np.eye(COORDINATES)
    moved = tuple(
        replace(smile, tau_years=tau, variance_years=variance)
        for smile, tau, variance in zip(alive, years.tolist(), clock.tolist(), strict=True)
    )
    return Belief(
        surface=surface,
        at_ns=at_ns,
        smiles=moved,
        years=years,
        deviation=carried.vol * np.sqrt(years),
        theta=theta,
        covariance=covariance,
        held=np.zeros(len(alive), dtype=np.bool_),
    )


def _coordinate_covariances(smiles: tuple[SviSmile, ...], shape: FloatArray) -> FloatArray:
    """(n, 5, 5) covariances of coordinates standardised by each smile's own deviation."""
    at_the_money = np.array(
        [s.a + s.b * (np.hypot(s.m, s.sigma) - s.rho * s.m) for s in smiles], dtype=np.float64
    )
    inverse = np.linalg.inv(raw_jacobian(shape, np.sqrt(at_the_money)))
    known = [np.eye(COORDINATES) if s.covariance is None else s.covariance for s in smiles]
    covariance: FloatArray = inverse @ np.stack(known) @ inverse.transpose(0, 2, 1)
    unknown = [smile.covariance is None for smile in smiles]
    covariance[unknown] = np.eye(COORDINATES) * _UNKNOWN**2
    return 0.5 * (covariance + covariance.transpose(0, 2, 1))


def believed_surface(belief: Belief) -> VolSurface:
    """The surface of a belief, with its uncertainty.

    Raises
    ------
    UsageError
        For coordinates outside the bounds of raw SVI.
    """
    raw = raw_of_coordinates(belief.theta, belief.deviation)
    jacobian = raw_jacobian(belief.theta, belief.deviation)
    covariance = jacobian @ belief.covariance @ jacobian.transpose(0, 2, 1)
    covariance = 0.5 * (covariance + covariance.transpose(0, 2, 1))
    smiles = tuple(
        replace(smile, a=a, b=b, rho=rho, m=m, sigma=sigma, covariance=known)
        for smile, (a, b, rho, m, sigma), known in zip(
            belief.smiles, raw.tolist(), covariance, strict=True
        )
    )
    reasons = belief.surface.reasons
    alive = {expiry: why for expiry, why in reasons.items() if expiry > belief.at_ns}
    return replace(belief.surface, at_ns=belief.at_ns, smiles=smiles, reasons=alive)
