"""LIFSim: cycle-level simulator and memory cost modeler for spiking-neural-network accelerators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifsim.simulate.api import run

__version__ = "0.1.0"
__all__ = ["__version__", "run"]


def __getattr__(name: str) -> Any:
    """`lifsim.run` is imported when it is asked for: `lifsim --help` must not wait for it."""
    if name == "run":
        from lifsim.simulate.api import run

        return run
    raise AttributeError(f"module 'lifsim' has no attribute {name!r}")
