"""Tests of whole forecast laws, or of their tails."""
