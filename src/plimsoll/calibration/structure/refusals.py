"""Why no schedule leads from the set in force to the target."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from plimsoll.calibration.structure.diagnosis import decimal_of
from plimsoll.calibration.structure.infeasible import (
    Diagnosis,
    InfeasibleProblemError,
    Relaxation,
)
from plimsoll.calibration.structure.moves import Move
from plimsoll.errors import UsageError


def refuse_stuck(move: Move) -> InfeasibleProblemError:
    """Return the error of a limit that is below the next value of the grid."""
    assert move.stuck_at is not None  # what the caller found
    at, key = move.stuck_at, move.variable.key
    gap = abs(Fraction(move.next_value(at)) - Fraction(at))
    word = "rise" if move.sign > 0 else "fall"
    texts, ways = [f"{key} has to {word} from {at:f} toward {move.target:f}"], []
    names = [f"{key}: target"]
    for name, limit, needed in (
        (f"largest {word}", move.absolute, gap),
        (f"largest relative {word}", move.relative, gap / Fraction(at) if at else None),
    ):
        if limit is None or (needed is not None and limit >= needed):
            continue
        old = decimal_of(limit)
        texts.append(f"{key} has a {name} of {old:f} per step")
        names.append(f"{key}: {name}")
        if needed is not None:
            new = decimal_of(gap) if limit is move.absolute else _rounded_up(needed)
            ways.append(
                Relaxation(
                    rule=f"{key}: {name}",
                    old=old,
                    new=new,
                    steps=float(gap) / float(move.variable.spacing),
                    advice=f"raise the {name} of {key} from {old:f} to {new:f} per step: "
                    f"the next value of its grid is {move.next_value(at):f}",
                )
            )
    together = tuple(ways)
    return InfeasibleProblemError(
        Diagnosis(
            conflict=tuple(names),
            texts=tuple(texts),
            alternatives=together if len(names) == 2 else (),
            smallest=together,
        ),
        subject="schedule",
    )


def refuse_length(
    mine: Mapping[str, Move], waits: Mapping[str, int], least: int, most: int
) -> UsageError:
    """Return the error of a target that is too many steps away, naming what is furthest."""
    alone = {key: waits[key] + (move.steps or 0) for key, move in mine.items()}
    far = max(mine, key=lambda key: (alone[key], key))
    told = f"{far} needs {alone[far]} alone, from {mine[far].start:f} to {mine[far].target:f}"
    if alone[far] <= most:
        told = f"all together need at least {max(least, most + 1)}, although {told}"
    return UsageError(
        f"must reach the target in {most} steps",
        found=told,
        field="schedule",
        remedy="widen the step limits, allow more steps, or take a nearer target",
    )


def _rounded_up(value: Fraction) -> Decimal:
    """Return a share on a millionth, not below; a decimal as it is."""
    millionths = value * 1_000_000
    return Decimal(-(-millionths.numerator // millionths.denominator)).scaleb(-6)
