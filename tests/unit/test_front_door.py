"""The public names: every one resolves, to what its home module holds."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import plimsoll


@pytest.mark.parametrize("name", plimsoll.__all__)
def test_every_public_name_resolves(name: str) -> None:
    value = getattr(plimsoll, name)
    assert name in dir(plimsoll)
    home = plimsoll._FRONT_DOOR.get(name)
    assert name == "__version__" or value is getattr(import_module(str(home)), name)


def test_the_door_and_its_table_name_the_same() -> None:
    assert sorted(plimsoll.__all__) == sorted([*plimsoll._FRONT_DOOR, "__version__"])
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = plimsoll.no_such_name


def test_the_door_shows_nothing_but_itself() -> None:
    shown = [name for name in dir(plimsoll) if not name.startswith("__")]
    assert shown == sorted(name for name in plimsoll.__all__ if not name.startswith("__"))
    assert "__doc__" in dir(plimsoll)


def test_a_function_stays_a_function_once_its_module_is_imported() -> None:
    """Importing ``plimsoll.journeys.calibrate`` binds a module below, never at the front door."""
    script = "import plimsoll.journeys.calibrate, plimsoll; assert callable(plimsoll.calibrate)"
    subprocess.run([sys.executable, "-c", script], check=True)
