"""Tables of p-values, each beside its power: scores, shortfall and the choice of models."""

from __future__ import annotations

from plimsoll.domain.table import Cell, Column, Table, iso_minute
from plimsoll.validation.comparison import definitions
from plimsoll.validation.comparison.columns import count, number, power
from plimsoll.validation.comparison.compare import HorizonComparison
from plimsoll.validation.comparison.method_score import MethodScore, ScoreDifference
from plimsoll.validation.comparison.score_tests import (
    FZ0_DIFFERENCE,
    QUANTILE_SHARE,
    better_power,
)
from plimsoll.validation.comparison.selection import ModelSelection
from plimsoll.validation.comparison.shortfall_figures import UNDERSTATEMENT
from plimsoll.validation.diebold_mariano import ScoreComparison
from plimsoll.validation.ranking.model_confidence_set import ModelConfidenceSet, RankedModel

_NAN = float("nan")
_SHARE, _SMALLER = (f"{100.0 * share:g} %" for share in (QUANTILE_SHARE, UNDERSTATEMENT))


def scores_table(found: HorizonComparison) -> Table:
    """Both scores of every method against the benchmark's, and who may be the best."""
    by_fz0, by_quantile = _ranked(found.confidence_set), _ranked(found.quantile_confidence_set)
    return Table(
        name=f"scores_{found.horizon_hours}h",
        title=f"Scores and their tests, {found.horizon_hours} h",
        columns=(
            Column(name="method", title="Method"),
            number("fz0", "FZ0", 3, definitions.FZ0),
            *_test_columns("", 4, ""),
            number("quantile_score", "Quantile score", 2, definitions.QUANTILE, unit="bp"),
            *_test_columns("quantile_", 2, "bp"),
        ),
        rows=tuple(
            (
                one.name,
                one.fz0,
                *_test_cells(one.against_benchmark, by_fz0.get(one.name), 1.0),
                1e4 * one.quantile_score,
                *_test_cells(one.quantile_against_benchmark, by_quantile.get(one.name), 1e4),
            )
            for one in found.scores
        ),
        notes=(
            f"Power of DM: a method truly better than EWMA-t by {FZ0_DIFFERENCE:g} in FZ0, or by "
            f"{_SHARE} of EWMA-t's quantile score; one-sided at 5 %.",
            f"Power of MCS: the method is left out in the first round at 5 % were it truly worse "
            f"than all others by {FZ0_DIFFERENCE:g} in FZ0, or by {_SHARE} of the "
            "methods' mean quantile score.",
        ),
    )


def _test_columns(prefix: str, digits: int, unit: str) -> tuple[Column, ...]:
    return (
        number(
            f"{prefix}gap", "less EWMA-t", digits, "Mean of days; negative is better.", unit=unit
        ),
        number(f"{prefix}dm", "DM", 1, definitions.DM),
        number(f"{prefix}dm_p", "DM p", 3, definitions.DM_P),
        power(f"{prefix}dm_power"),
        number(f"{prefix}mcs_p", "MCS p", 3, definitions.MCS_P),
        power(f"{prefix}mcs_power"),
    )


def _test_cells(
    against: ScoreDifference | None, ranked: RankedModel | None, factor: float
) -> tuple[Cell, ...]:
    test = (
        (_NAN,) * 4
        if against is None
        else (factor * against.mean, against.statistic, against.p_better, against.power)
    )
    return (*test, *((_NAN, _NAN) if ranked is None else (ranked.p_value, ranked.power)))


def _ranked(found: ModelConfidenceSet | None) -> dict[str, RankedModel]:
    return {} if found is None else {one.name: one for one in found.models}


def shortfall_table(found: HorizonComparison) -> Table:
    """Tests of the expected shortfall, pooled and clustered by day."""
    about_p = "Two-sided, against zero; resampled days."
    return Table(
        name=f"shortfall_{found.horizon_hours}h",
        title=f"Expected shortfall, {found.horizon_hours} h",
        columns=(
            Column(name="method", title="Method"),
            count("breaches", "Breaches", "Market-sides."),
            number("residual", "Residual", 3, "Mean of (loss - ES) / VaR on breaches."),
            number("residual_se", "s.e.", 3, definitions.STANDARD_ERROR),
            number("residual_p", "p", 3, about_p),
            power("residual_power"),
            number("z", "Z", 3, "Mean of loss 1{breach} / (a ES) - 1; positive: ES too small."),
            number("z_se", "s.e.", 3, definitions.STANDARD_ERROR),
            number("z_p", "p", 3, about_p),
            power("z_power"),
        ),
        rows=tuple(_shortfall_row(one) for one in found.scores),
        notes=(
            "Residual: McNeil and Frey (2000), scaled by the value-at-risk. Z: Acerbi and "
            "Szekely's second test, which also feels the number of breaches.",
            "p-values are of 399 studentised resamples of days, which the skewness of breach days "
            "asks for; the smallest there can be is 0.005.",
            f"Power: a shortfall {_SMALLER} too small at a right breach rate; two-sided at 5 %.",
        ),
    )


def _shortfall_row(one: MethodScore) -> tuple[Cell, ...]:
    residual, z = one.shortfall_residual, one.shortfall_z
    return (
        one.name,
        residual.count,
        residual.mean,
        residual.standard_error,
        residual.p_two_sided,
        residual.power,
        z.mean,
        z.standard_error,
        z.p_two_sided,
        z.power,
    )


def selection_table(selection: ModelSelection, horizon_hours: int) -> Table:
    """Nested choice of a model per market: what was chosen, and what it was worth afterwards."""
    rows: list[tuple[Cell, ...]] = [
        (
            iso_minute(review.from_ns)[:10],
            ", ".join(f"{name} {held}" for name, held in review.counts.items()),
            review.power,
            *_afterwards(review.selected),
            review.pooled_winner,
            *_afterwards(review.pooled),
            review.oracle.mean_difference,
        )
        for review in selection.reviews
    ]
    rows.append(
        (
            "all",
            "",
            _NAN,
            *_afterwards(selection.selected),
            "",
            *_afterwards(selection.pooled),
            _NAN,
        )
    )
    return Table(
        name=f"selection_{horizon_hours}h",
        title=f"Models chosen on earlier data, {horizon_hours} h",
        columns=(
            Column(name="review", title="Review"),
            Column(name="chosen", title="Markets by model"),
            power("choice_power", "Of the tests that the choice was made by: median."),
            number("selected", "Chosen, FZ0", 4, "Next year's FZ0 less EWMA-t's, per market."),
            *_afterwards_columns("selected"),
            Column(name="pooled_model", title="One for all"),
            number("pooled", "One for all, FZ0", 4, "Next year's FZ0 less EWMA-t's."),
            *_afterwards_columns("pooled"),
            number("oracle", "Best afterwards", 4, "FZ0 of the model that turned out best."),
        ),
        rows=tuple(rows),
        notes=(
            "At each New Year a market leaves EWMA-t only for a model that won on its own earlier "
            "data (Diebold-Mariano, one-sided 5 %) and is in the 90 % model confidence set of all "
            "markets' earlier data; FZ0 differences are of the year that follows.",
            f"Power: a model truly better than EWMA-t by {FZ0_DIFFERENCE:g} in FZ0, one-sided at "
            "5 %; the first column of powers is of one market's earlier data, the others are of "
            "the year that follows. A market that stays may lack the power to leave.",
        ),
    )


def _afterwards_columns(name: str) -> tuple[Column, ...]:
    return (
        number(f"{name}_dm", "DM", 1, definitions.DM),
        number(f"{name}_p", "p", 3, definitions.DM_P),
        power(f"{name}_power"),
    )


def _afterwards(one: ScoreComparison) -> tuple[Cell, ...]:
    return (
        one.mean_difference,
        one.statistic,
        one.p_first_better,
        better_power(one.standard_error, one.days, FZ0_DIFFERENCE),
    )
