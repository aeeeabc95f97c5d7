"""`lifsim.record`: a PyTorch model as a LIFSim network, with its spikes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from lifsim.errors import Fault, InputError, shown

if TYPE_CHECKING:
    from lifsim.recording.recording import Recording


def record(
    model: Callable[..., Any],
    batch: Any,
    timesteps: int,
    *,
    time_axis: int | None = None,
    neurons: Mapping[type, Callable[[Any], Any]] | None = None,
    name: str | None = None,
) -> Recording:
    """Run a PyTorch model once on `batch`; return the network that it computes, its weights and its spikes.

    model: a module or a function of such a batch, in evaluation mode. It may loop over the timesteps, hold all of them
    in one tensor, or compute one: then it is called `timesteps` times.
    batch: images [B, ...], shown at every timestep; with `time_axis`, the axis that counts them, spikes of every
    timestep; or a sequence of one batch of spikes a timestep, for each of which the model is called.
    neurons: by class, what modules of neurons are that LIFSim does not know: a function of the module that gives the
    keys of `neuron:` in a workload, or a `lifsim.recording.readers.Reading`.
    name: of the network; that of the model's class.

    What LIFSim's engine fires on the same batch is compared with what the model fired. Raises InputError with what
    cannot be recorded, and what to do about it.
    """
    if find_spec("torch") is None:
        raise InputError(Fault('needs PyTorch: pip install "lifsim[torch]"', path="record"))
    if not callable(model):
        raise InputError(Fault(f"{shown(model)} must be a module of PyTorch, or a function", path="model"))
    if isinstance(timesteps, bool) or not isinstance(timesteps, int) or not 1 <= timesteps <= 1024:
        raise InputError(Fault(f"{shown(timesteps)} must be a whole number from 1 to 1024", path="timesteps"))
    from lifsim.recording.session import Asked, recorded

    given = list(batch) if isinstance(batch, Sequence) else batch
    return recorded(Asked(model, given, timesteps, time_axis, dict(neurons or {}), name))
