"""lockgate's tests: unit/ mirrors src/, e2e/ drives the real command line on real packages."""
