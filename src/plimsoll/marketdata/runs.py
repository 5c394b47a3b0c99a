"""Maximal runs of true values."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.market import BoolArray, IntArray


def runs(mask: BoolArray) -> tuple[IntArray, IntArray]:
    """Return first and last index of each maximal run of true values.

    Examples
    --------
    >>> [a.tolist() for a in runs(np.array([True, True, False, True]))]
    [[0, 3], [1, 3]]
    """
    steps = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return np.flatnonzero(steps == 1), np.flatnonzero(steps == -1) - 1
