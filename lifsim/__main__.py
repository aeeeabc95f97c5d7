"""`lifsim`, and `python -m lifsim`."""

import sys


def main() -> int:
    """The command line. A signal that comes while it is still imported ends it in words, too."""
    try:
        from lifsim.cli.main import main as command
    except KeyboardInterrupt:
        sys.stderr.write("lifsim: stopped by SIGINT: nothing was begun\n")
        return 130
    return command()


if __name__ == "__main__":
    sys.exit(main())
