"""Faults done to the running product at random moments, and what came of it: `python -m benchmarks.faults`."""
