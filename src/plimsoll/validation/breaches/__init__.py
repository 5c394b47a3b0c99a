"""Tests of one series of breaches: how many, and how they lie in time."""
