"""Does any buffer ever hold more than it has room for, or more than the plan says, at whatever instant of a run?

Random plans of all kinds are followed event by event; `python -m tests.schedule.test_held N SEED` follows N of each."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import pytest

from lifsim.errors import InputError
from lifsim.graph.states import states_of
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.occupancy import peak_bytes
from lifsim.schedule.plan import GroupPlan, Plan, ScheduleOptions
from lifsim.schedule.waves.bands.bands import Banded
from tests.oracles.legality import IllegalPlanError
from tests.oracles.occupancy import most_held
from tests.schedule.legality.bands import pixel_bits
from tests.schedule.legality.walked import obeyed
from tests.schedule.on_arch import plan_on
from tests.training_networks.draw import _arch, _network

BUFFERS = ("weight", "spike_in", "spike_out", "membrane", "psum")
SCHEDULES = ("tick", "timestep", "window:2", "window:3", "fused", "fused:2", "skewed", "skewed:2", "auto")
SHARINGS = ("none", "layer", "channel2", "channel4", "layer+channel2")


@dataclass(frozen=True)
class Held:
    """A plan of a random network on a random machine, of `batch` images."""

    network: Network
    sharing: Sharing
    plan: Plan
    batch: int

    @property
    def told(self) -> bool:
        """Whether its events can be told: of states that leave between more than two parts of their chains the moves
        say how many bytes go, and not which; bands are walked pixel by pixel, each of whole bytes."""
        banded = any(isinstance(group.waves, Banded) for group in self.plan.groups)
        whole = all(pixel_bits(self.plan.chip, one) % 8 == 0 for one in states_of(self.network, self.sharing))
        return all(state.parted.parts <= 2 for state in self.plan.facts.states) and (whole or not banded)

    def faults(self) -> Iterator[str]:
        """In words."""
        try:
            events = obeyed(self.network, self.sharing, self.plan, self.batch).events
        except IllegalPlanError as error:
            yield str(error)
            return
        most, said, room = most_held(events), peak_bytes(self.plan, self.batch), self.plan.chip.room
        if not any(group.fused for group in self.plan.groups):  # whose rows lie packed
            most["spike_in"] = max(most.get("spike_in", 0), most.get("inputs", 0))
        for name in BUFFERS:
            held, peak, limit = most.get(name, 0), getattr(said, name), getattr(room, name)
            if held > peak or held > limit or peak > limit:
                yield f"{name} holds {held} bytes, by the plan at most {peak}, and has {limit}"


def drawn(schedule: str, seed: int) -> Held:
    """The first of the draws of a seed that can run so."""
    draw = Random(f"held {schedule} {seed}")  # noqa: S311
    while True:
        relay = draw.random() < (0.6 if schedule.startswith(("timestep", "skewed")) else 0.1)
        sharing = Sharing.parse("layer" if relay else draw.choice(SHARINGS)).where_it_fits()
        network, arch, batch = _network(draw, relay=relay), _arch(draw, relay=relay), draw.choice([1, 1, 2, 3])
        try:
            options = ScheduleOptions(schedule, batch, draw.choice([None, 1, batch]))
            held = Held(network, sharing, plan_on(network, sharing, arch, options), batch)
        except InputError:
            continue
        if held.told:
            return held


def kind(group: GroupPlan) -> str:
    """How a group runs, in a word."""
    if group.waves is not None:
        return type(group.waves).__name__
    if group.tiled:
        return "tick-batched" if group.tick_batched else "windows"
    return "strips" if group.strips else "timesteps"


@pytest.mark.slow
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_no_buffer_ever_holds_more_than_it_has_room_for(schedule: str) -> None:
    for seed in range(12):
        assert not list(drawn(schedule, seed).faults())


def main(arguments: Sequence[str]) -> int:
    """Exit 1 where a buffer is too full."""
    number, first = (int(one) for one in (*arguments, *("100", "1000")[len(arguments) :]))
    kinds, wrong = Counter[str](), 0
    for schedule in SCHEDULES:
        for seed in range(first, first + number):
            one = drawn(schedule, seed)
            kinds.update(kind(group) for group in one.plan.groups)
            for fault in one.faults():
                wrong += 1
                print(schedule, seed, fault, flush=True)
        print(schedule, dict(kinds), wrong, flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
