"""The scan: every scanner is an adapter that answers clean, findings or broken, and one policy judges them all."""
