"""LIFSim: cycle-level simulator and memory cost modeler for spiking-neural-network accelerators.

`run` simulates one network on one accelerator, `sweep` a space of them; `compare` puts runs into one table, and
`beside_none` says which part of a shared run's change is due to sharing. `record` turns a PyTorch model into a network,
`import_onnx` an ONNX file. `load_arch` and `load_workload` read files or shipped names; `prices` lists the price of
every access. `infer` and `gradients` compute a batch with given weights. `plot` draws figures, `write_report` writes
runs as an HTML file. `InputError` lists every fault of an input.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifsim.batches.api import gradients, infer
    from lifsim.errors import InputError
    from lifsim.interchange.imported_network import ImportedNetwork
    from lifsim.interchange.onnx.api import import_onnx
    from lifsim.model.arch import Arch
    from lifsim.model.network import Network
    from lifsim.model.sharing import Sharing
    from lifsim.recording.api import record
    from lifsim.recording.recording import Recording
    from lifsim.report import plot
    from lifsim.report.compare.api import compare
    from lifsim.report.html.api import write_report
    from lifsim.report.machine_table import prices
    from lifsim.simulate.api import load_arch, load_workload, run
    from lifsim.simulate.options import Options
    from lifsim.simulate.result import Result
    from lifsim.sweeps.api import sweep
    from lifsim.sweeps.beside import beside_none

__version__ = "0.1.0"
__all__ = [
    "Arch",
    "ImportedNetwork",
    "InputError",
    "Network",
    "Options",
    "Recording",
    "Result",
    "Sharing",
    "__version__",
    "beside_none",
    "compare",
    "gradients",
    "import_onnx",
    "infer",
    "load_arch",
    "load_workload",
    "plot",
    "prices",
    "record",
    "run",
    "sweep",
    "write_report",
]

_PLACES = {
    "Arch": "lifsim.model.arch",
    "ImportedNetwork": "lifsim.interchange.imported_network",
    "InputError": "lifsim.errors",
    "Network": "lifsim.model.network",
    "Options": "lifsim.simulate.options",
    "Recording": "lifsim.recording.recording",
    "Result": "lifsim.simulate.result",
    "Sharing": "lifsim.model.sharing",
    "beside_none": "lifsim.sweeps.beside",
    "compare": "lifsim.report.compare.api",
    "gradients": "lifsim.batches.api",
    "import_onnx": "lifsim.interchange.onnx.api",
    "infer": "lifsim.batches.api",
    "load_arch": "lifsim.simulate.api",
    "load_workload": "lifsim.simulate.api",
    "plot": "lifsim.report.plot",
    "prices": "lifsim.report.machine_table",
    "record": "lifsim.recording.api",
    "run": "lifsim.simulate.api",
    "sweep": "lifsim.sweeps.api",
    "write_report": "lifsim.report.html.api",
}
"""Where each name is found: imported when it is asked for, since `lifsim --help` must not wait for it."""


if not TYPE_CHECKING:  # or a type checker would take every name for one of these

    def __getattr__(name: str) -> Any:
        if name not in _PLACES:
            raise AttributeError(f"module 'lifsim' has no attribute {name!r}")
        module = import_module(_PLACES[name])
        return module if name == "plot" else getattr(module, name)


def __dir__() -> list[str]:
    """The public names, without importing any of them."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
