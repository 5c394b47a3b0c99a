"""Margin rates that rise in a straight line with size."""
