"""A plan's calls, in an order that never leaves the branch less protected than before."""

from __future__ import annotations
