"""What is demanded of each engine, beside the tolerance that a case states itself.

Both must hold, so the stricter decides. Published tolerances are often those of an upstream test
that was content with less than the vectors give.
"""

from __future__ import annotations

from dataclasses import dataclass

from plimsoll.conformance.tolerance import Tolerance

EXACT = Tolerance()


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A tolerance of some terms of some kinds of cases of an engine; empty: of all.

    Parameters
    ----------
    engine : str
    tolerance : Tolerance
    kinds : tuple of str
    terms : tuple of str
        Names in ``expected``; what stands under them is meant too.
    marked : str
        Only cases whose own tolerance speaks of this in its ``kind``.
    """

    engine: str
    tolerance: Tolerance
    kinds: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    marked: str = ""

    def meets(self, engine: str, kind: str, term: str, mark: str) -> bool:
        """Whether the demand speaks of a term."""
        return (
            engine == self.engine
            and (not self.kinds or kind in self.kinds)
            and (not self.terms or term in self.terms)
            and self.marked in mark
        )


DEMANDS = (
    Demand(engine="derive_pmrm2", terms=("IM", "MM"), tolerance=Tolerance(relative=1e-8)),
    Demand(engine="derive_pmrm2", tolerance=Tolerance(relative=1e-8, absolute=1e-6)),
    Demand(engine="derive_pmrm1", tolerance=Tolerance(relative=1e-8)),
    Demand(engine="derive_srm", marked="integer", tolerance=Tolerance(truncated=True)),
    Demand(engine="derive_srm", tolerance=Tolerance(relative=1e-6)),
    Demand(engine="vega", kinds=("margin_levels",), tolerance=EXACT),
    Demand(
        engine="vega",
        kinds=("lognormal_var_es", "neg_lognormal_var_es"),
        tolerance=Tolerance(absolute=1e-8),
    ),
    Demand(engine="vega", kinds=("risk_factors_forward",), tolerance=Tolerance(absolute=1e-6)),
    Demand(engine="dydx_v4", tolerance=EXACT),
    Demand(engine="drift_v2", tolerance=EXACT),
)
"""The first that speaks of a term holds."""


def demanded(engine: str, kind: str, term: str, mark: str) -> Tolerance | None:
    """Return what is demanded of a term of a case; None for an engine nobody made demands of.

    Parameters
    ----------
    mark : str
        The ``kind`` of the case's own tolerance; empty where it has none.
    """
    for demand in DEMANDS:
        if demand.meets(engine, kind, term, mark):
            return demand.tolerance
    return None
