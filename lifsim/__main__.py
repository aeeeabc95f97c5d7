"""`lifsim`, and `python -m lifsim`."""

import gc
import sys

COLLECT_AFTER = 200_000
"""Objects that are new, before garbage is looked for among them: what is imported and read is none."""


def main() -> int:
    """The command line. A signal that comes while it is still imported ends it in words, too."""
    gc.set_threshold(COLLECT_AFTER)
    try:
        from lifsim.cli.main import main as command
    except KeyboardInterrupt:
        sys.stderr.write("lifsim: stopped by SIGINT: nothing was begun\n")
        return 130
    try:
        return command()
    finally:
        gc.freeze()  # the process ends: what it leaves is not searched for garbage, which takes a tenth of a second


if __name__ == "__main__":
    sys.exit(main())
