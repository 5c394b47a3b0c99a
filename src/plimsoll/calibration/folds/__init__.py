"""Folds: what a calibration may see, what it is judged on, and how much it was over-fitted."""
