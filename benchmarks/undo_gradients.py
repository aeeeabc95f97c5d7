"""Where reversal fails: gradients of a shared network whose calls are undone from states of b bits.

    python benchmarks/undo_gradients.py [WORKLOAD] [SHARING]

Forward, states are rounded to b bits after every call, as an accelerator keeps them. Backward, the same network's u' of
every call is known (stored), or undone from copies of the state that lie n + 1 calls apart, so that n calls are undone
at most, rounded again each time. The cosine is that of the gradients of all weights together; "u' off" the largest
error of a membrane that rounding once can make, half a step grown 4^n times, in thresholds. A table in Markdown; the
bold row is the last that lifsim.keeping allows (of 8 bits none is: each call keeps its own).
"""

from __future__ import annotations

import sys

import numpy as np

import lifsim
from lifsim.keeping.undoing import undoable_calls

IMAGES = 32
TIMESTEPS = 12  # so that a shared set has more calls than 32 bits can undo
GROWTH = 4.0


def gradients(workload: str, sharing: str, keeping: str, bits: int, copy_every: int = 1) -> np.ndarray:
    """Of all weights, one behind the other, of one step of training on random weights, in float64."""
    found = lifsim.gradients(
        workload, "random", "digits", None, sharing, timesteps=TIMESTEPS, batch=IMAGES, bptt=keeping,
        membrane_bits=bits, copy_every=copy_every, dtype=np.float64,
    )  # fmt: skip
    return np.concatenate([found[name].ravel() for name in sorted(found)])


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """Of the angle between them; 0 where one of them is no number."""
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / length if np.isfinite(length) and length else 0.0


def main(workload: str = "digits_cnn", sharing: str = "layer") -> None:
    """Print the table."""
    print("| bits | calls undone, n | u' off | cosine |\n|---:|---:|---:|---:|")
    for bits in (8, 16, 32):
        exact = gradients(workload, sharing, "stored", bits)
        can = undoable_calls(bits, GROWTH)
        for undone in sorted({0, 1, 2, can - 1, can, can + 1, can + 2, can + 4}):
            found = gradients(workload, sharing, "reversed", bits, undone + 1)
            off, mark = 4 * 2.0**-bits * GROWTH**undone, "**" if undone == can else ""
            print(f"| {bits} | {mark}{undone}{mark} | {off:.2g} | {cosine(exact, found):.6f} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
