"""Which weights are pruned."""

from __future__ import annotations

from lifsim.config import defaults
from lifsim.errors import Fault, InputError

SHARES = ",".join(f"{share:g}" for share in defaults.PRUNED_SHARES)


def shares_of(text: str) -> list[float]:
    """The shares in an option's text. Raises InputError."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(Fault(f"{text!r} must be numbers with commas, such as 0,0.5,0.9", path="shares")) from None
