"""The files below `.github/`: rendered from the table, compared with what is committed, explained line by line."""
