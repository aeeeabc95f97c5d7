"""Statistics of a layer's spikes: rates over time, silent neurons, and how often the others fire."""

from __future__ import annotations

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.trace.source import LayerSpikes, Trace, image_chunks
from lifsim.watch import Tally, Watch, unwatched


@dataclass(frozen=True)
class LayerStatistics:
    """Counts of one layer's input spikes, over all images.

    shape: `[T, B, ...]`. ones: per timestep. fired: element k is the number of neurons, each image counted apart, that
    fired in k of the T timesteps.
    """

    name: str
    shape: tuple[int, ...]
    ones: tuple[int, ...]
    fired: tuple[int, ...]

    @property
    def neurons(self) -> int:
        """Neurons times images."""
        return sum(self.fired)

    @property
    def rates(self) -> tuple[float, ...]:
        """Share of ones at each timestep."""
        return tuple(ones / self.neurons for ones in self.ones)

    @property
    def rate(self) -> float:
        """Share of ones over all timesteps."""
        return sum(self.ones) / (self.neurons * len(self.ones))

    @property
    def silent_share(self) -> float:
        """Share of neurons that fire in no timestep of their image."""
        return self.fired[0] / self.neurons

    @property
    def always_share(self) -> float:
        """Share of neurons that fire in every timestep of their image."""
        return self.fired[-1] / self.neurons

    @property
    def spikes_per_active_neuron(self) -> float:
        """Mean number of spikes, over T, of the neurons that fire at all; 0 where none does."""
        active = self.neurons - self.fired[0]
        return sum(self.ones) / active if active else 0.0


def layer_statistics(layer: LayerSpikes) -> LayerStatistics:
    """Statistics of one layer, a chunk of images at a time. Raises InputError if its bytes are damaged."""
    ones = np.zeros(layer.timesteps, np.int64)
    fired = np.zeros(layer.timesteps + 1, np.int64)
    for first, last in image_chunks(layer.shape[1], layer.neurons):
        count = np.zeros((last - first, *layer.neuron_shape), np.uint32 if layer.timesteps > 255 else np.uint8)
        for timestep in range(layer.timesteps):
            spikes = layer.read(timestep, first, last)
            ones[timestep] += np.count_nonzero(spikes)
            count += spikes
        for image in count:  # apart, because bincount takes eight bytes for each neuron
            fired += np.bincount(image.ravel(), minlength=layer.timesteps + 1)
    return LayerStatistics(layer.name, layer.shape, tuple(ones.tolist()), tuple(fired.tolist()))


def statistics(trace: Trace, watch: Watch = unwatched) -> tuple[LayerStatistics, ...]:
    """Statistics of every layer of `trace`."""
    tally, found = Tally(watch, "layers", len(trace.layers)), []
    for layer in trace.layers:
        found.append(layer_statistics(layer))
        tally.add(1)
    return tuple(found)
