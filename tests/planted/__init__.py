"""The planted set: tiny flaws and their clean twins, made anew at each run with credentials that nobody ever issued."""
