"""How often Python looks for garbage."""

import gc

COLLECT_AFTER = 200_000
"""New objects before the first look for garbage: what is imported, read or shared by many tasks is none."""


def collect_seldom() -> None:
    """Look for garbage that seldom in this process."""
    gc.set_threshold(COLLECT_AFTER)
