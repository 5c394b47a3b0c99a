"""Every method that is compared, by name, in the order of the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches

from plimsoll.errors import UsageError
from plimsoll.estimators.reference.anti_procyclicality import Buffered, Floored, StressWeighted
from plimsoll.estimators.reference.blends import PooledBlend
from plimsoll.estimators.reference.conformal import ConformalSimulation
from plimsoll.estimators.reference.constant import Constant
from plimsoll.estimators.reference.default_model import revised_default
from plimsoll.estimators.reference.ewma import Ewma
from plimsoll.estimators.reference.filtered import FilteredSimulation
from plimsoll.estimators.reference.forecast import Forecaster
from plimsoll.estimators.reference.garch import GarchSimulation
from plimsoll.estimators.reference.har import PanelHar
from plimsoll.estimators.reference.historical import HistoricalSimulation
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.log_scales import NO_BOUND
from plimsoll.estimators.reference.regime import RegimeSimulation
from plimsoll.estimators.reference.targeted import TargetedGarchSimulation

BENCHMARK = "ewma_t"
"""Whose scores a richer method has to beat."""
REFERENCE = "hs_365_buffer"
"""Whose coverage costs are compared at."""

METHODS: Mapping[str, Callable[[], Forecaster]] = {
    "hs_365": HistoricalSimulation,
    "hs_365_buffer": Buffered,
    "ewma_normal": lambda: Ewma(name="ewma_normal", nu=float("inf")),
    "ewma_t": Ewma,
    "fhs_94": lambda: FilteredSimulation(name="fhs_94", decay_daily=0.94),
    "fhs_97": FilteredSimulation,
    "fhs_99": lambda: FilteredSimulation(name="fhs_99", decay_daily=0.99),
    "garch_t_fhs": GarchSimulation,
    "gjr_t_fhs": lambda: GarchSimulation(name="gjr_t_fhs", asymmetric=True),
    "gjr_skewt_fhs": lambda: GarchSimulation(name="gjr_skewt_fhs", asymmetric=True, skewed=True),
    "egarch_t_fhs": lambda: GarchSimulation(name="egarch_t_fhs", exponential=True),
    "garch_t_pot": lambda: GarchSimulation(name="garch_t_pot", window_days=730, pareto_share=0.06),
    "garch_t_pot_targeted": TargetedGarchSimulation,
    "fhs_97_floor_3y": Floored,
    "hs_3y": lambda: HistoricalSimulation(name="hs_3y", window_days=1095),
    "fhs_97_stress": StressWeighted,
    "fhs_97_aci": ConformalSimulation,
    "constant": Constant,
    "blend_slow": lambda: PooledBlend(name="blend_slow", fast_weight=0.0),
    "blend_97_15": PooledBlend,
    "blend_90_15": lambda: PooledBlend(name="blend_90_15", fast_decay=0.90),
    "blend_90_30": lambda: PooledBlend(name="blend_90_30", fast_decay=0.90, fast_weight=0.3),
    "blend_80_30": lambda: PooledBlend(name="blend_80_30", fast_decay=0.80, fast_weight=0.3),
    "blend_97_50": lambda: PooledBlend(name="blend_97_50", fast_weight=0.5, slow_decay=0.997),
    "blend_90_30_own": lambda: PooledBlend(
        name="blend_90_30_own", fast_decay=0.90, fast_weight=0.3, own_days=200.0
    ),
    "har_pooled": PanelHar,
    "har_60": lambda: PanelHar(name="har_60", share=0.6),
    "default": revised_default,
}
"""Makers by name: a new method enters here, and is then compared, selected from and listed."""


VARIANTS: Mapping[str, Callable[[], Forecaster]] = {
    "regime_fhs": RegimeSimulation,
    "garch_skewt_fhs": lambda: GarchSimulation(name="garch_skewt_fhs", skewed=True),
    "default_now": lambda: LogBlend(name="default_now"),
    "default_calm_0": lambda: LogBlend(name="default_calm_0", calm=0.0),
    "default_unbounded": lambda: LogBlend(name="default_unbounded", reach=NO_BOUND),
    "default_unbounded_calm": lambda: LogBlend(
        name="default_unbounded_calm", reach=NO_BOUND, calm=0.85
    ),
    "default_reach_52": lambda: LogBlend(name="default_reach_52", reach=(-0.5, 0.2)),
    "default_reach_22": lambda: LogBlend(name="default_reach_22", reach=(-0.2, 0.2)),
    "default_whole_tail": lambda: LogBlend(name="default_whole_tail", tail_share=1.0),
    "default_own_tail": lambda: LogBlend(name="default_own_tail", pool_prior=1.0),
    "default_pool_only": lambda: LogBlend(
        name="default_pool_only", level_prior=1e9, pool_prior=1e9
    ),
    "default_slow_pool": lambda: LogBlend(name="default_slow_pool", pool_half_life_days=730.0),
    "default_daily_scale": lambda: LogBlend(
        name="default_daily_scale", half_lives_hours=(24.0, 264.0)
    ),
    "default_long_scale": lambda: LogBlend(name="default_long_scale", half_lives_hours=(264.0,)),
}
"""Compared where they are named, left out of all: slow ones, and the default with one change."""


def forecasters(names: Iterable[str] | None = None) -> tuple[Forecaster, ...]:
    """Return the methods named, in the order given; all by default.

    Raises
    ------
    UsageError
        For a name that is none, or is given twice.
    """
    wanted = tuple(METHODS if names is None else names)
    makers = {**METHODS, **VARIANTS}
    for name in wanted:
        if name not in makers:
            near = get_close_matches(name, makers, n=1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise UsageError(
                "must be a method",
                found=name,
                field="methods",
                remedy=f"{meant}choose from {', '.join(makers)}",
            )
        if wanted.count(name) > 1:
            raise UsageError(
                "must name each method once",
                found=name,
                field="methods",
                remedy="leave out the second",
            )
    return tuple(makers[name]() for name in wanted)
