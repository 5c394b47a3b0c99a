"""Tails: laws fitted to losses and residuals."""
