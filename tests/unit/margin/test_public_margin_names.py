"""The front of `plimsoll.margin` shows every model, and loads none before it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from plimsoll import margin
from plimsoll.margin import catalogue

CHECK = """
import sys
import plimsoll.margin as margin
import plimsoll.testing as testing
loaded = [m for m in sys.modules if m.startswith(("plimsoll.margin.", "plimsoll.testing."))]
assert not loaded, loaded
assert not hasattr(margin, "__wrapped__")
assert "plimsoll.margin.catalogue" not in sys.modules
assert margin.OkxMargin.__module__ == "plimsoll.margin.okx.model"
"""


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_catalogue_is_what_is_shown() -> None:
    assert margin.__all__ is catalogue.__all__
    assert len(set(catalogue.__all__)) == len(catalogue.__all__)
    names = vars(catalogue)
    imported = {n for n in names if not n.startswith("__") and n != "annotations"}
    assert imported == set(catalogue.__all__)
    assert all(getattr(margin, name) is not None for name in margin.__all__)
    assert set(margin.__all__) <= set(dir(margin))


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'NoMargin'"):
        _ = margin.NoMargin  # type: ignore[attr-defined]


def test_every_model_prepares() -> None:
    models = [n for n in margin.__all__ if n.endswith("Margin") or n.startswith("Derive")]
    assert len(models) >= 18
    assert all(callable(getattr(margin, name).prepare) for name in models)
