"""Venues' published rules of margin as data: source, date, constants, what is assumed, accuracy."""

from plimsoll.presets.catalogue import load, names
from plimsoll.presets.preset import Accuracy, Assumption, Preset, Source

__all__ = ["Accuracy", "Assumption", "Preset", "Source", "load", "names"]
