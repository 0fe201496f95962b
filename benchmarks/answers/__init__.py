"""Compiled answers against plain ones: ``python -m benchmarks.answers [seconds a round]``."""
