"""Lands commits on a remote branch: replayed in the object database, merged where that is safe, exactly once."""
