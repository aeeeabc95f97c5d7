"""Every wait of the array with its cause; the cycles of each cause equal those in the books."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.pipeline.kinds import STREAMS, Kind
from lifsim.lazy_dataclass import dataclass
from lifsim.play.timing import Timeline
from lifsim.play.waited import PORT_STALLS, STALLS
from lifsim.schedule.tensors.moves import shares
from lifsim.schedule.tensors.rows import Ints

STALL_NAMES = tuple(dict.fromkeys(STALLS.values()))


def dealt(timeline: Timeline, cycles: tuple[int, ...]) -> Ints:
    """[steps] `cycles` of what the steps belong to, dealt to them as their own cycles were."""
    found = np.zeros(timeline.steps.layer.size, np.int64)
    outputs = np.concatenate([visit.outputs for visit in timeline.steps.visits])
    for index, mine in enumerate(cycles):
        chosen = timeline.steps.layer == index
        found[chosen] = shares(mine, outputs[chosen])
    return found


@dataclass(frozen=True)
class Waits:
    """[waits] in the order of time. begin, end: cycles; layer: whose, as the timeline's names are; cause: of
    `STALL_NAMES`, an index; ports: whether for the ports on the array's side of a buffer, else for DRAM or its side."""

    begin: Ints
    end: Ints
    layer: Ints
    cause: Ints
    ports: NDArray[np.bool_]

    @classmethod
    def of(cls, timeline: Timeline) -> Waits:
        """Before a step what it waits for, in the order in which it is blamed; at its end its streams, before these its
        LIF calls, and before these ports. The last one: when all steps have ended, what still has to leave."""
        timing, layer = timeline.timing, timeline.steps.layer
        before = np.concatenate([[0], timing.end[:-1]])
        first = [kind for kind in Kind if kind not in STREAMS]
        ports = np.stack(
            [dealt(timeline, tuple(getattr(one, buffer) for one in timeline.port_stalls)) for buffer in PORT_STALLS],
            axis=1,
        )
        streams = timing.waited[:, STREAMS]
        fired = timing.end - streams.sum(axis=1) - dealt(timeline, timeline.lif_cycles)
        steps = np.arange(layer.size)
        tail = np.array([timing.total - timing.end[-1]])[:, None]
        parts = [
            _laid(before, timing.waited[:, first], steps, [STALLS[kind] for kind in first]),
            _laid(fired - ports.sum(axis=1), ports, steps, list(PORT_STALLS.values())),
            _laid(timing.end - streams.sum(axis=1), streams, steps, [STALLS[kind] for kind in STREAMS]),
            _laid(timing.end[-1:], tail, steps[-1:], [STALLS[Kind.SPIKES_OUT]]),
        ]
        of_ports = np.repeat([False, True, False, False], [part.shape[1] for part in parts])
        begin, end, step, cause = np.concatenate(parts, axis=1)
        order = np.lexsort((end, begin))
        return cls(begin[order], end[order], layer[step[order]], cause[order], of_ports[order])

    def joined(self, most: int) -> Waits:
        """Equal waits that touch, joined; if these are more than `most`, as many neighbours of one layer as needed
        are joined, cause by cause, each block from where its first one begins."""
        if not self.begin.size:
            return self
        alike = np.all([np.diff(one) == 0 for one in (self.layer, self.cause, self.ports.astype(np.int64))], axis=0)
        parted = np.concatenate([[True], ~(alike & (self.begin[1:] == self.end[:-1]))])
        starts = np.flatnonzero(parted)
        if starts.size <= most:
            ends = np.append(starts[1:], self.begin.size) - 1
            return self._some(starts, self.begin[starts], self.end[ends])
        kinds = self.cause * 2 + self.ports
        length = -(-self.begin.size * 2 * len(STALL_NAMES) // most)
        block = np.arange(self.begin.size) // length
        parted = (np.diff(self.layer, prepend=self.layer[:1]) != 0) | (np.diff(block, prepend=0) != 0)
        block = np.cumsum(parted)
        _, first, back = np.unique(block * 2 * len(STALL_NAMES) + kinds, return_index=True, return_inverse=True)
        cycles = np.zeros(first.size, np.int64)
        np.add.at(cycles, back, self.end - self.begin)
        passed = np.cumsum(cycles) - cycles
        starts = self.begin[np.flatnonzero(np.diff(block, prepend=-1))]
        already = passed[np.flatnonzero(np.diff(block[first], prepend=-1))]
        begin = starts[block[first]] + passed - already[block[first]]
        return self._some(first, begin, begin + cycles)

    def _some(self, chosen: Ints, begin: Ints, end: Ints) -> Waits:
        return Waits(begin, end, self.layer[chosen], self.cause[chosen], self.ports[chosen])


def _laid(begin: Ints, cycles: Ints, steps: Ints, causes: list[str]) -> NDArray[np.int64]:
    """[4, waits] begin, end, step and cause of `cycles` [steps, causes], of each step from `begin` on one after the
    other, without those of no cycle."""
    end = begin[:, None] + np.cumsum(cycles, axis=1)
    number = np.array([STALL_NAMES.index(cause) for cause in causes])
    some = cycles > 0
    step, cause = np.broadcast_to(steps[:, None], end.shape), np.broadcast_to(number, end.shape)
    return np.stack([(end - cycles)[some], end[some], step[some], cause[some]])
