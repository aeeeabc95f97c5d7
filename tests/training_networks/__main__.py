"""`python -m tests.training_networks [N] [SEED]`: N random networks, from a seed on."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.training_networks.compare import differences
from tests.training_networks.draw import drawn


def main(arguments: Sequence[str]) -> int:
    """Exit 1 where a run and the count differ."""
    number, first = (int(one) for one in (*arguments, *("300", "0")[len(arguments) :]))
    wrong = layers = 0
    for seed in range(first, first + number):
        run, result = drawn(seed)
        found = list(differences(run, result))
        layers += len(result.network.layers)
        wrong += bool(found)
        for line in found:
            print(f"{seed} ({run.in_words}): {line}", flush=True)
    print(f"{number} networks, {layers} layers, {wrong} differ")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
