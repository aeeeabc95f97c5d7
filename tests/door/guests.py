"""Members as another package would have them, and runs on them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lifsim
from lifsim.errors import InputError
from lifsim.hardware.array.dataflow.output_stationary import OutputStationary
from lifsim.registry import registry_of

NET = """
name: net
timesteps: 2
input: {shape: [2, 6, 6], encoding: rate}
neuron: {model: NEURON, reset: soft}
layers:
- {name: conv, op: CONV, out: 4, kernel: 3, padding: 1}
- {name: lif1, op: lif}
- {name: deep, op: conv, out: 4, kernel: 3, groups: 2}
- {name: lif2, op: lif}
- {name: fc, op: linear, out: 4}
- {name: lif3, op: lif}
spikes: {source: rates, provenance: nobody, rates: {conv: 0.3, deep: 0.4, fc: 0.5}}
"""

PLACES = {
    "dataflow": "array.dataflow",
    "sparsity": "array.sparsity",
    "memory": "dram.model",
    "accounting": "accounting",
}
"""Where architectures name members."""

PRICED = ("dram.energy=per_bit", "dram.energy_pj_per_bit=4.0", "dram.source=nobody")
BANDWIDTH = ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB", *PRICED)
BESIDE = {
    "ideal": PRICED,
    "cycle": (),
}
"""What a member must have beside it; others BANDWIDTH."""


OVERRIDDEN_WITH: dict[str, dict[str, Any]] = {
    "folds": {"words": OutputStationary.words},
    "play": {"in_sections": False},
}
"""What a guest that overrides a method must have beside it, so as not to contradict itself."""


def guest(kind: str, base: str, **parts: Any) -> type[Any]:
    """A shipped member's subclass of another package, by the name of `guest`."""
    member = type(registry_of(kind)[base])
    return type("Guest", (member,), {"name": "guest", "__module__": "guests.module"} | parts)


def figures(folder: Path, *overrides: str, neuron: str = "lif", conv: str = "conv", **options: Any) -> dict[str, Any]:
    """Of a run of NET."""
    path = folder / "net.yaml"
    path.write_text(NET.replace("NEURON", neuron).replace("CONV", conv))
    return lifsim.run("sata_training", str(path), overrides=overrides, **options).totals.tree()


class Own(BaseException):
    """An exception of a package of its own."""


def leave(*_: Any) -> None:
    sys.exit(0)


def fail(*_: Any) -> None:
    return {}["no such key"]  # type: ignore[return-value]


def own(*_: Any) -> None:
    raise Own("of its own")


def returning(value: Any) -> Callable[..., Any]:
    return lambda *_: value


BAD: dict[str, Callable[..., Any]] = {
    "text": returning("text"),
    "nan": returning(math.nan),
    "None": returning(None),
    "negative": returning(-1),
    "float": returning(1.5),
    "huge": returning(1 << 80),
    "list": returning([1, "a"]),
    "KeyError": fail,
    "SystemExit": leave,
    "BaseException": own,
}


def told(run: Callable[[], Any], method: str) -> bool:
    """Whether it is told, in words; else it is no matter."""
    try:
        run()
    except InputError as error:
        (fault,) = error.faults
        assert str(fault).startswith(f"member guest (guests) {method}: must return ")
        assert "; mend guests.module." in str(fault)
        assert (", returned " in str(fault)) != (", raised " in str(fault))
        return True
    return False
