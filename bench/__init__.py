"""Benchmarks: run by hand, compared within one run. Figures are in docs/performance.md."""
