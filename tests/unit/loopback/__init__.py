"""The services on the loopback."""
