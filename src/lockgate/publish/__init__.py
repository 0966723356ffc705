"""The release: from prerequisites over bytes that are built once to what the index has."""
