"""Proof: coverage, traffic lights, pooled tests, procyclicality and scores."""
