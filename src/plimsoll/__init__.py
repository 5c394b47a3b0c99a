"""Plimsoll calibrates the margin parameters of a crypto-derivatives venue, and proves them.

The public names are those of `plimsoll.journeys` and the nouns they return; they are imported on
first use, so that ``import plimsoll`` and ``plimsoll --help`` answer at once (PEP 562).
"""

from __future__ import annotations

__version__ = "0.1.0"
