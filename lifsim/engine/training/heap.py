"""Memory that one training step frees and the next one needs again."""

from __future__ import annotations

import numpy as np

_LARGEST_BYTES = (32 << 20) - (1 << 13)  # of a block that glibc learns from, with its header


def keep_what_is_freed() -> None:
    """Make the C library keep a step's arrays for the next one, instead of returning them to the system and getting
    them again as cleared pages: some 3,000 of them in a step of 25 ms.

    glibc learns from the largest block that it has seen freed: it keeps up to twice as much. This one is never
    touched, so that it costs no memory. Elsewhere this does nothing.
    """
    np.empty(_LARGEST_BYTES, np.uint8)
