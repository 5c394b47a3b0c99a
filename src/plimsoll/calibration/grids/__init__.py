"""Scenario grids from the distribution: the smallest grid that covers a library of portfolios."""
