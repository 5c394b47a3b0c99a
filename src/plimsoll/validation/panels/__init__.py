"""Tests of many markets at once, clustered by day."""
