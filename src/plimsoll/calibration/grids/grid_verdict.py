"""The verdict on a calibrated grid, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from plimsoll.calibration.grids.grid_backtest import LibraryBacktest
from plimsoll.calibration.grids.grid_calibration import CALIBRATED, PUBLISHED, CalibratedGrid
from plimsoll.calibration.grids.grid_fit import GridFit, ScopeFit
from plimsoll.calibration.grids.grid_objective import GridTarget
from plimsoll.calibration.grids.grid_realised import realised_check
from plimsoll.domain.evidence import Check, Verdict

FITTED, HELD_OUT = "crises fitted on", "crises held out"
EARLY, JUDGED = "days fitted on", "days judged"


def grid_verdict(
    calibrated: CalibratedGrid, target: GridTarget, backtests: Mapping[str, LibraryBacktest]
) -> tuple[Check, ...]:
    """Return the checks of a set.

    Parameters
    ----------
    calibrated : CalibratedGrid
    target : GridTarget
        As stated, before the choice of strictness.
    backtests : mapping of str to LibraryBacktest
        By `EARLY`, `JUDGED`, `FITTED`, `HELD_OUT`; those that there are.
    """
    fit = calibrated.fit
    return (
        *(_families(scope, target) for scope in fit.scopes),
        portfolios_check(fit, target),
        *_stressed(fit, target),
        *_crises(backtests, target),
        *_days(backtests, target),
        *_margins(calibrated.seen, backtests.get(JUDGED), target),
    )


def _families(scope: ScopeFit, target: GridTarget) -> Check:
    """Every family of one scope at the stated confidence."""
    worst = int(scope.fitted.bound.argmax())
    bound = float(scope.fitted.bound[worst])
    return _check(
        f"Reference distribution, families of {scope.scope}",
        bound <= target.breach,
        f"worst: {scope.fitted.families[worst].value} {_percent(1.0 - bound)}",
        f"at least {_percent(1.0 - target.breach)} at {100 * target.confidence:g} % confidence",
    )


def portfolios_check(fit: GridFit, target: GridTarget) -> Check:
    """The portfolio broken most against its own limit, which is weaker for what settles."""
    share, own, name = max(
        (float(own / limit), float(own), name)
        for scope in fit.scopes
        for name, own, limit in zip(
            scope.fitted.names,
            scope.fitted.own,
            target.portfolio_limits(scope.fitted.names),
            strict=True,
        )
    )
    return _check(
        "Reference distribution, single portfolios",
        share <= 1.0,
        f"worst against its limit: {name} {_percent(1.0 - own)}",
        f"at least {_percent(1.0 - target.portfolio_breach)}, "
        f"{_percent(1.0 - target.settling_breach)} of what settles within the period",
    )


def _stressed(fit: GridFit, target: GridTarget) -> Iterator[Check]:
    """What the fit was asked of its stressed leg."""
    if target.stressed_breach is None and target.stressed_group_breach is None:
        return
    missed = [c for c in fit.conflicts if "stressed" in c]
    family, group = target.stressed_breach, target.stressed_group_breach
    asked = [
        *([] if group is None else [f"hedged and directional each {_percent(1.0 - group)}"]),
        *([] if family is None else [f"every family {_percent(1.0 - family)}"]),
    ]
    yield _check(
        "Stressed leg",
        not missed,
        "; ".join(missed) or "every limit met",
        f"{', '.join(asked)}, or as the published set where that is less",
    )


def _crises(backtests: Mapping[str, LibraryBacktest], target: GridTarget) -> Iterator[Check]:
    """Held-out crises decide; those fitted on say how much of it was fitting."""
    if HELD_OUT not in backtests:
        return
    held = backtests[HELD_OUT]
    told = ""
    for name, rows in (("hedged", held.hedged), ("directional", ~held.hedged)):
        rate, published = held.breach(CALIBRATED, rows)[0], held.breach(PUBLISHED, rows)[0]
        if FITTED in backtests:
            other = backtests[FITTED]
            own = other.hedged if name == "hedged" else ~other.hedged
            told = f"; in those fitted on {_percent(1.0 - other.breach(CALIBRATED, own)[0])}"
        yield _check(
            f"Crises held out, {name} portfolios",
            rate <= target.breach,
            f"{_percent(1.0 - rate)}, published set {_percent(1.0 - published)}{told}",
            f"at least {_percent(1.0 - target.breach)}",
        )


def _days(backtests: Mapping[str, LibraryBacktest], target: GridTarget) -> Iterator[Check]:
    """Losses from one day to the next: out of sample where there is a cut."""
    for key, title in ((JUDGED, "after the cut"), (EARLY, "that were fitted on")):
        if key not in backtests:
            continue
        own = backtests[key]
        rate, error = own.breach(CALIBRATED, own.known)
        published = own.breach(PUBLISHED, own.known)[0]
        yield _check(
            f"Days {title}",
            rate <= target.breach,
            f"{_percent(1.0 - rate)} (s.e. {_percent(error)}) of {int(own.day.max()) + 1} days, "
            f"published set {_percent(1.0 - published)}",
            f"at least {_percent(1.0 - target.breach)}",
        )
        yield realised_check(own, target.breach, f"days {title}")


def _margins(
    seen: LibraryBacktest, judged: LibraryBacktest | None, target: GridTarget
) -> Iterator[Check]:
    """Neither group asks for more than under a published set that covers it."""
    own = seen if judged is None else judged
    for name, rows in (("hedged", own.hedged), ("directional", ~own.hedged)):
        if not rows.any():
            continue
        saved, error = own.saving(CALIBRATED, PUBLISHED, rows)
        published = own.breach(PUBLISHED, rows)[0]
        yield _check(
            f"Margin of {name} portfolios",
            saved >= 0.0 or published > target.breach,
            f"{_percent(abs(saved))} {'less' if saved >= 0.0 else 'more'} (s.e. "
            f"{_percent(error)}); the published set covers {_percent(1.0 - published)}",
            "not above the published set's, unless that covers less than "
            f"{_percent(1.0 - target.breach)}",
        )


def _check(name: str, holds: bool, found: str, demanded: str) -> Check:
    verdict = Verdict.HOLDS if holds else Verdict.BREACH
    return Check(name=name, verdict=verdict, found=found, demanded=demanded)


def _percent(value: float) -> str:
    return f"{100.0 * value:.2f} %"
