"""One-sided adaptive conformal correction of a margin, on top of any forecaster."""
