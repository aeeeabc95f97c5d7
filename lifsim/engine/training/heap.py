"""Memory that one training step frees and the next one asks for again."""

from __future__ import annotations

import numpy as np

_LARGEST_BYTES = (32 << 20) - (1 << 13)  # of a block that glibc learns from, with its header


def keep_what_is_freed() -> None:
    """Have the C library keep a step's arrays for the next one, where it would hand them back to the system and get
    them again page by page, each to be cleared: some 3,000 of them in a step that computes for 25 ms.

    glibc learns from the largest block that it has seen freed: it keeps up to twice as much. This one is never
    touched, so that it costs no memory. Elsewhere this does nothing.
    """
    np.empty(_LARGEST_BYTES, np.uint8)
