"""`lifsim`, and `python -m lifsim`."""

import gc
import sys

from lifsim.garbage import collect_seldom


def main() -> int:
    """The command line. A signal that arrives while it is still being imported ends it with a message, too."""
    collect_seldom()
    try:
        from lifsim.cli.main import main as command
    except KeyboardInterrupt:
        sys.stderr.write("lifsim: stopped by SIGINT: nothing was begun\n")
        return 130
    try:
        return command()
    finally:
        gc.freeze()  # the process ends: collecting its garbage would take a tenth of a second


if __name__ == "__main__":
    sys.exit(main())
