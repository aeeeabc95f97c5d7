"""Runs its arguments as a process, without their output, and prints as JSON what that cost.

A process of its own, without site-packages: the peak of a child counts what its parent had when it was started, so that
the parent has to be small.
"""

import json
import os
import sys
import time


def main(words: list[str]) -> None:
    """Ends with the status of the process."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, nowhere, stream) for stream in (0, 1)]
    begun = time.perf_counter()
    child = os.posix_spawnp(words[0], words, os.environ, file_actions=actions)
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - begun
    print(json.dumps({"wall_s": wall, "cpu_s": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}))
    sys.exit(os.waitstatus_to_exitcode(status) != 0)


if __name__ == "__main__":
    main(sys.argv[1:])
