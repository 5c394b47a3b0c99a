"""Horizons that overlap: block bootstraps, and tests that allow for shared hours."""
