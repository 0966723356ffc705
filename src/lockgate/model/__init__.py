"""Frozen data, no I/O: what every other part of the house speaks in."""
