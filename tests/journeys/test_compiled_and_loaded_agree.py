"""The same input gives the same bytes whether kernels were just compiled or loaded from the cache.

Sums that may be reordered once came out otherwise in the process that compiled them, since a kernel
and the copy of it inside its caller are optimised apart.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import hashlib

import numpy as np

from plimsoll.estimators import Garch, GjrGarch
from plimsoll.estimators.surface.fit import fit_surface
from plimsoll.marketdata.chains import prepare_chain
from plimsoll.sandbox.option_chain import option_chain

fit = fit_surface(prepare_chain(option_chain(5).chain))
raw = b"".join(np.asarray(smile.raw).tobytes() for smile in fit.surface.smiles)
print("surface", hashlib.sha256(raw).hexdigest())
returns = np.random.default_rng(1).standard_t(5, 800) * 0.02
for model in (Garch(), GjrGarch()):
    fitted = model.fit(returns)
    told = repr((fitted.parameters, fitted.log_likelihood, fitted.variance_next))
    print(type(model).__name__, hashlib.sha256(told.encode()).hexdigest())
"""


def test_compiled_and_loaded_agree(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kernels")}

    def run() -> str:
        command = [sys.executable, "-c", PROGRAM]
        return subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True
        ).stdout

    compiled, loaded = run(), run()
    assert compiled.count("\n") == 3
    assert compiled == loaded
