"""The door: turns every ending into its exit code, and a bug into a crash log instead of a traceback."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit."""
    # An inherited PYTHONDONTWRITEBYTECODE would compile lockgate anew at each start: 0.2 s.
    sys.dont_write_bytecode = False
    try:
        from lockgate.cli import run  # Ctrl-C while importing is an ending like any other

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("\nlockgate: interrupted\n")
        code = 130
    except BrokenPipeError:
        # The reader of our output has gone: nothing is wrong, and nobody is there to be told.
        sys.stderr.close()
        code = 141
    sys.exit(code)


if __name__ == "__main__":
    main()
