"""Tests of expected shortfall, with value-at-risk or the whole law beside it."""
