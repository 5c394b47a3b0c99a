"""Forecasters of the loss distribution compared: coverage, scores, cost and procyclicality."""
