"""The quality gate: plan (pure), run, and the truth about every cell."""
