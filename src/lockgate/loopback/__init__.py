"""Small services on the loopback that answer like the real ones: for tests, rehearsals and the demo."""
