"""Forecasters of the loss distribution over a horizon, for all markets of a panel."""
