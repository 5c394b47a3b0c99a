"""Tests that may be looked at every day without losing their level."""
