"""Makes runs one after the other. Runs with the same input spikes read these once, and compute once what they have in
common."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import field

from lifsim.errors import InputError, visible
from lifsim.hardware.array import sparsity_of
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Shared
from lifsim.simulate.inputs import Inputs
from lifsim.simulate.options import heard
from lifsim.simulate.pipeline import simulate
from lifsim.simulate.resolved import sha256_of
from lifsim.simulate.result import Result
from lifsim.simulate.spikes import Spikes, fires_own, read_spikes
from lifsim.sweeps.combinations import Asked
from lifsim.watch import Watch, part_of, unwatched

KEPT = 4
"""Spikes that are kept, the last used."""


@dataclass
class Together:
    """Makes runs and keeps what they have in common. kept: by the hash of what determines them, the spikes and the
    results that runs on them share."""

    kept: OrderedDict[str, tuple[Spikes, Shared]] = field(default_factory=OrderedDict)

    def run(self, inputs: Inputs, watch: Watch = unwatched) -> Result:
        """Raises InputError if the inputs contradict each other."""
        spikes, shared = self._heard(inputs, watch)
        return simulate(inputs.arch, inputs.network, inputs.sharing, inputs.options, spikes, shared, watch)

    def _heard(self, inputs: Inputs, watch: Watch) -> tuple[Spikes, Shared]:
        network, options, array = inputs.network, inputs.options, inputs.arch.array
        sharing = inputs.sharing if fires_own(network, options) else None
        heard_options = heard(options).tree()
        source = [dict(network.definition), str(network.spikes.trace), heard_options, array.sparsity, str(sharing)]
        key = sha256_of(source)
        if key not in self.kept:
            spikes = read_spikes(network, inputs.sharing, options, sparsity_of(array), watch)
            self.kept[key] = spikes, Shared()
            if len(self.kept) > KEPT:
                self.kept.popitem(last=False)
        self.kept.move_to_end(key)
        return self.kept[key]


def run_each(asked: Sequence[Asked], watch: Watch = unwatched) -> Iterator[Result | InputError]:
    """Yield the result of each run in turn, or the error that prevented it. `watch` is told which run is under way and
    about how long the rest will take."""
    together, began = Together(), time.monotonic()
    for index, one in enumerate(asked):
        here = f"run {index + 1} of {len(asked)}, {visible(one.label)}{_left(index, len(asked), began)}"
        watch(here, 0, 0)
        try:
            if isinstance(one.inputs, InputError):
                raise one.inputs
            yield together.run(one.inputs, part_of(here, watch))
        except InputError as error:
            yield error


def _left(done: int, count: int, began: float) -> str:
    """The time left if the other runs are as fast as those before, in words."""
    left = (time.monotonic() - began) * (count - done) / done if done else 0.0
    return f", about {left:,.0f} s left" if left >= 1 else ""
