"""Walk-forward folds: each window is judged with what had ended, and an embargo, before it.

The calendar is that of crypto: every day of the week, every hour, UTC. A row starts at its time and
its outcome is known ``purge_ns`` later. A row trains the fold whose window opens at ``a`` when
``time + purge_ns + embargo_ns <= a``: no outcome of training reaches into the window (purge), and
between the last outcome and the window lies at least the embargo (Lopez de Prado, Advances in
Financial Machine Learning, 2018, chapter 7).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.calibration.folds.fold import Fold, IntArray, check_spans, start_times
from plimsoll.domain.table import iso_minute
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError


def walk_forward_folds(
    time_ns: ArrayLike,
    *,
    first_ns: int,
    every: int,
    embargo_ns: int,
    purge: int,
) -> tuple[Fold, ...]:
    """Cut the rows from ``first_ns`` on into test windows of one length, each with its past.

    Parameters
    ----------
    time_ns : (T,) array_like of int
        Starts, UTC, in any order.
    first_ns : int
        Opening of the first test window.
    every : int
        Length of a test window in ns.
    embargo_ns : int
        Gap after the last outcome of training, at least ``purge``.
    purge : int
        Horizon of an outcome in ns, the wait for a print included.

    Returns
    -------
    tuple of Fold
        Ascending; every row at or after ``first_ns`` is tested exactly once. Windows without a row
        are left out.

    Raises
    ------
    ParameterError
        For a window that is not positive, or an embargo shorter than the horizon.
    InsufficientDataError
        Where nothing is tested, or the first fold has nothing to learn from.

    Examples
    --------
    >>> folds = walk_forward_folds(range(10), first_ns=4, every=3, embargo_ns=1, purge=1)
    >>> [(fold.training_rows.tolist(), fold.test_rows.tolist()) for fold in folds]
    [([0, 1, 2], [4, 5, 6]), ([0, 1, 2, 3, 4, 5], [7, 8, 9])]
    """
    if every <= 0:
        raise ParameterError("must be positive", found=every, field="every")
    last = int(start_times(time_ns).max())
    windows = max(1, -(-(last + 1 - first_ns) // every))
    edges = [first_ns + i * every for i in range(windows + 1)]
    return folds_between(time_ns, edges, embargo_ns=embargo_ns, purge=purge)


def folds_between(
    time_ns: ArrayLike, edges_ns: Sequence[int], *, embargo_ns: int, purge: int
) -> tuple[Fold, ...]:
    """Walk-forward folds between given edges, such as New Years.

    Parameters
    ----------
    edges_ns : sequence of int
        Rising; a window reaches from one (included) to the next (excluded). Rows at or after the
        last are not tested.
    time_ns, embargo_ns, purge
        As in `walk_forward_folds`.
    """
    check_spans(purge, embargo_ns)
    times = start_times(time_ns)
    edges = [int(edge) for edge in edges_ns]
    if len(edges) < 2 or any(b <= a for a, b in pairwise(edges)):
        raise UsageError("must be two or more rising times", found=edges[:3], field="edges_ns")
    found = [_fold(times, a, b, embargo_ns, purge) for a, b in pairwise(edges)]
    folds = tuple(fold for fold in found if fold.test_rows.size)
    if not folds or not folds[0].training_rows.size:
        raise InsufficientDataError(
            "must have rows to test, and rows that ended an embargo before them",
            found=f"{times.size} rows from {iso_minute(int(times.min()))}",
            field="time_ns",
            remedy="let the first window open later",
        )
    return folds


def _fold(times: IntArray, opens: int, closes: int, embargo: int, purge: int) -> Fold:
    past = times < opens
    ended = past & (times + purge <= opens)
    clear = past & (times + purge + embargo <= opens)
    return Fold(
        name=iso_minute(opens),
        training_rows=np.flatnonzero(clear).astype(np.int64),
        test_rows=np.flatnonzero((times >= opens) & (times < closes)).astype(np.int64),
        test_from_ns=opens,
        test_until_ns=closes,
        purged=int(np.sum(past & ~ended)),
        embargoed=int(np.sum(ended & ~clear)),
    )
