"""The benchmarks run, and what they claim holds in small."""
