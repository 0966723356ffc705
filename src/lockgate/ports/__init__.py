"""The only code that touches the world: processes, files, git, uv, the terminal."""
