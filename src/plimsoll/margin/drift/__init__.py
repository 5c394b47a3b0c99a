"""Drift v2: margin ratios and collateral weights that depend on size."""
