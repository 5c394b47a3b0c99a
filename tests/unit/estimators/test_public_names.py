"""Packages of estimators show their names, and load nothing until one is asked for."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

PACKAGES = (
    "surface",
    "implied",
    "vol_shocks",
    "volatility",
    "dependence",
    "liquidity",
    "pooling",
)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_is_that_of_its_module(package: str) -> None:
    home = f"plimsoll.estimators.{package}"
    shown = import_module(home)
    assert shown.__all__
    assert set(shown.__all__) <= set(dir(shown))
    for name in shown.__all__:
        value = getattr(shown, name)
        assert value.__name__ == name
        assert value.__module__.startswith(f"{home}.")
        assert getattr(import_module(value.__module__), name) is value
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        shown.nonsense  # noqa: B018


@pytest.mark.parametrize("package", PACKAGES)
def test_no_name_hides_a_module(package: str) -> None:
    """Which of both one would get depends on what was imported before."""
    shown = import_module(f"plimsoll.estimators.{package}")
    modules = {import_module(getattr(shown, n).__module__).__name__ for n in shown.__all__}
    assert not {module.rsplit(".", 1)[1] for module in modules} & set(shown.__all__)


def test_packages_load_nothing_until_a_name_is_asked_for() -> None:
    code = (
        "import sys\n"
        "import plimsoll.estimators.surface, plimsoll.estimators.implied\n"
        "import plimsoll.estimators.vol_shocks as shocks\n"
        "assert not {'numba', 'scipy', 'numpy'} & set(sys.modules), 'loaded'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
