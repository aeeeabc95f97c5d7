"""Which weights are pruned, and how long networks are trained after that."""

from __future__ import annotations

from lifsim.errors import Fault, InputError

RETRAIN_EPOCHS = 3
SHARES = "0,0.2,0.4,0.6,0.7,0.8,0.9,0.95"


def shares_of(text: str) -> list[float]:
    """The shares in an option's text. Raises InputError."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(Fault(f"{text!r} must be numbers with commas, such as 0,0.5,0.9", path="shares")) from None
