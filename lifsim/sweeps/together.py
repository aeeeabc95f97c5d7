"""Runs one after the other: spikes are read once for all runs that hear the same, and what these have in common is
found out once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lifsim.errors import InputError
from lifsim.graph.states import states_of
from lifsim.hardware.array import sparsity_of
from lifsim.memo import Shared
from lifsim.simulate.inputs import Inputs
from lifsim.simulate.pipeline import simulate
from lifsim.simulate.resolved import sha256_of
from lifsim.simulate.result import Result
from lifsim.simulate.spikes import Spikes, fires_own, read_spikes
from lifsim.sweeps.combinations import Asked
from lifsim.watch import Watch, unwatched

KEPT = 4
"""Spikes that are kept, the last used."""

NO_SPIKES = ("schedule", "objective", "groups", "chunk", "bptt")
"""Options that spikes do not depend on."""

PARTS = 1000
"""In which the progress of one run is told."""


@dataclass
class Together:
    """Runs, and what is kept between them."""

    kept: OrderedDict[str, tuple[Spikes, Shared]] = field(default_factory=OrderedDict)

    def run(self, inputs: Inputs, watch: Watch = unwatched) -> Result:
        """Raises InputError where the inputs do not go together."""
        states_of(inputs.network, inputs.sharing)  # before spikes are read, which takes long
        spikes, shared = self._heard(inputs, watch)
        return simulate(inputs.arch, inputs.network, inputs.sharing, inputs.options, spikes, shared, watch)

    def _heard(self, inputs: Inputs, watch: Watch) -> tuple[Spikes, Shared]:
        network, options, array = inputs.network, inputs.options, inputs.arch.array
        sharing = inputs.sharing if fires_own(network, options) else None
        heard = {key: value for key, value in options.tree().items() if key not in NO_SPIKES}
        source = [dict(network.definition), str(network.spikes.trace), heard, array.sparsity, str(sharing)]
        key = sha256_of(source)
        if key not in self.kept:
            spikes = read_spikes(network, inputs.sharing, options, sparsity_of(array), watch)
            self.kept[key] = spikes, Shared()
            if len(self.kept) > KEPT:
                self.kept.popitem(last=False)
        self.kept.move_to_end(key)
        return self.kept[key]


def run_each(asked: Sequence[Asked], watch: Watch = unwatched) -> Iterator[Result | InputError]:
    """Each run in turn, or why there is none. `watch` is told how far all of them are."""
    together = Together()
    for index, one in enumerate(asked):
        try:
            yield together.run(one.inputs, _part(index, len(asked), watch))
        except InputError as error:
            yield error
    watch("runs", len(asked) * PARTS, len(asked) * PARTS)


def _part(index: int, count: int, watch: Watch) -> Watch:
    """Tells `watch` of one of `count` runs as a part of all, which never goes back."""
    most = 0

    def show(work: str, done: int, total: int) -> None:
        nonlocal most
        del work  # one bar for all that a run does
        most = max(most, PARTS * done // total if total else 0)
        watch("runs", index * PARTS + min(most, PARTS - 1), count * PARTS)

    show("", 0, 0)
    return show
