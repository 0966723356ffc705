"""Parts of `compare.py`: what is compared, how it is measured, and the proof that all do equal work."""
