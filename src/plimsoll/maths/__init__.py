"""Formulas on float64 arrays; kernels where there is a loop. Imports numpy, scipy, numba only."""
