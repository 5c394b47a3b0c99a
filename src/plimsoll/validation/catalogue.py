"""Every test of forecasts, loaded: what `plimsoll.validation` imports on first use."""

from __future__ import annotations

from plimsoll.validation.breaches.coverage_tests import (
    conditional_coverage_test,
    exact_binomial_test,
    first_failure_test,
    independence_test,
    kupiec_test,
    traffic_light_test,
)
from plimsoll.validation.breaches.durations import haas_test, weibull_duration_test
from plimsoll.validation.breaches.dynamic_quantile import Regressors, dynamic_quantile_test
from plimsoll.validation.breaches.scored_hits import hits_of
from plimsoll.validation.coverage import Alternative, ConditionalCoverage
from plimsoll.validation.densities.berkowitz import Start, berkowitz_tail_test, berkowitz_test
from plimsoll.validation.monitoring.e_process import (
    EProcess,
    e_process,
    e_process_test,
    pooled_e_values,
    shortfall_e_values,
    value_at_risk_e_values,
)
from plimsoll.validation.overlap.block_indices import BlockResampling, Blocks
from plimsoll.validation.overlap.block_length import BlockLength, best_block_length
from plimsoll.validation.overlap.overlapping_means import (
    NeweyWest,
    overlapping_coverage_test,
    overlapping_shortfall_test,
)
from plimsoll.validation.panels.daily_moments import ShortfallPanel, shortfall_panel
from plimsoll.validation.panels.day_bootstrap import DayBootstrap, PooledLaw
from plimsoll.validation.panels.pooled_breaches import (
    pooled_coverage_test,
    pooled_dynamic_quantile_test,
    pooled_severity_test,
)
from plimsoll.validation.panels.pooled_shortfall import (
    pooled_calibration_test,
    pooled_residual_test,
    pooled_z2_test,
)
from plimsoll.validation.ranking.model_confidence_set import (
    Equality,
    ModelConfidenceSet,
    RankedModel,
    daily_mean_scores,
    model_confidence_set,
)
from plimsoll.validation.ranking.score_difference import score_difference_test
from plimsoll.validation.scores import fz0_score, quantile_score
from plimsoll.validation.shortfall.acerbi_szekely import (
    acerbi_szekely_tests,
    acerbi_szekely_z2,
    critical_values,
)
from plimsoll.validation.shortfall.acerbi_szekely_pit import acerbi_szekely_z3
from plimsoll.validation.shortfall.conditional_calibration import (
    Correction,
    Sides,
    conditional_calibration_test,
)
from plimsoll.validation.shortfall.costanzino_curran import costanzino_curran_test
from plimsoll.validation.shortfall.forecast_law import (
    ForecastLaw,
    StudentLaw,
    TailLaw,
    student_draws,
)
from plimsoll.validation.shortfall.mcneil_frey import ResidualLaw, mcneil_frey_test
from plimsoll.validation.shortfall.regression_bootstrap import RegressionLaw, RegressionNull
from plimsoll.validation.shortfall.shortfall_regression import (
    Regression,
    shortfall_intercept_test,
    shortfall_regression_test,
)
from plimsoll.validation.tested_forecasts import Direction, ForecastTest, Power, test_table

__all__ = [
    "Alternative",
    "BlockLength",
    "BlockResampling",
    "Blocks",
    "ConditionalCoverage",
    "Correction",
    "DayBootstrap",
    "Direction",
    "EProcess",
    "Equality",
    "ForecastLaw",
    "ForecastTest",
    "ModelConfidenceSet",
    "NeweyWest",
    "PooledLaw",
    "Power",
    "RankedModel",
    "Regression",
    "RegressionLaw",
    "RegressionNull",
    "Regressors",
    "ResidualLaw",
    "ShortfallPanel",
    "Sides",
    "Start",
    "StudentLaw",
    "TailLaw",
    "acerbi_szekely_tests",
    "acerbi_szekely_z2",
    "acerbi_szekely_z3",
    "berkowitz_tail_test",
    "berkowitz_test",
    "best_block_length",
    "conditional_calibration_test",
    "conditional_coverage_test",
    "costanzino_curran_test",
    "critical_values",
    "daily_mean_scores",
    "dynamic_quantile_test",
    "e_process",
    "e_process_test",
    "exact_binomial_test",
    "first_failure_test",
    "fz0_score",
    "haas_test",
    "hits_of",
    "independence_test",
    "kupiec_test",
    "mcneil_frey_test",
    "model_confidence_set",
    "overlapping_coverage_test",
    "overlapping_shortfall_test",
    "pooled_calibration_test",
    "pooled_coverage_test",
    "pooled_dynamic_quantile_test",
    "pooled_e_values",
    "pooled_residual_test",
    "pooled_severity_test",
    "pooled_z2_test",
    "quantile_score",
    "score_difference_test",
    "shortfall_e_values",
    "shortfall_intercept_test",
    "shortfall_panel",
    "shortfall_regression_test",
    "student_draws",
    "test_table",
    "traffic_light_test",
    "value_at_risk_e_values",
    "weibull_duration_test",
]
