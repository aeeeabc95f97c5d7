"""Which images of a run exit early: by given shares, or by the confidence of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.confidence import answer, sure_after
from lifsim.errors import Fault
from lifsim.graph.tensors import behind_mean
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Network
from lifsim.model.schema import known
from lifsim.note import Note
from lifsim.schedule.exits import Exits, ExitShares, share_faults, steps_in
from lifsim.schedule.plan import Plan
from lifsim.schedule.window import TIMESTEP
from lifsim.simulate.options import Options
from lifsim.units import counted

TOLD = 16
"""Up to this many images, the exit of each is listed."""

DRAWN = 2
"""Random stream of the order of exits, apart from those of spikes and images."""


@dataclass(frozen=True)
class Accuracy:
    """Accuracy of classification when images exit, and after all timesteps, over the labelled images. None: labels
    are unknown."""

    early: float
    full: float
    images: int


@dataclass(frozen=True)
class EarlyExits:
    """When the images of a run exit. source: what decides it; accuracy: its effect, if labels are known."""

    exits: Exits
    source: str
    accuracy: Accuracy | None = None

    @property
    def words(self) -> str:
        """How many images exit when, and why; for a few images, each of them."""
        steps = self.exits.steps
        order = f", image by image {', '.join(map(str, steps))}" if 1 < len(steps) <= TOLD else ""
        return f"{self.exits.words}{order} ({self.source})"

    def leave(self, plan: Plan) -> Plan:
        """`plan` with these exits, if its schedule allows early exits."""
        from lifsim.schedule.leaving import leaving, lets_go

        return leaving(plan, self.exits) if lets_go(plan) else plan

    def beyond(self, run: Exits) -> int:
        """Timesteps, summed over images, that run after an image is done, to the end of its window. run: the last
        timestep of each image."""
        return run.run - self.exits.run

    def brief(self, run: Exits) -> str:
        """What early exits save, and how many images exit when. run: the last timestep that each image runs."""
        beyond = self.beyond(run)
        more = f"; {counted(beyond, 'timestep')} {'is' if beyond == 1 else 'are'} run beyond exits, to ends of windows"
        return f"{run.saved:.1%} of the timesteps are not run: {self.exits.words}{more if beyond else ''}"

    def tree(self, run: Exits | None) -> dict[str, Any]:
        """Plain data for summary.json. run: the last timestep that each image runs, None: all run all timesteps."""
        accuracy = self.accuracy
        told = (
            {}
            if accuracy is None
            else {"accuracy": {"early": accuracy.early, "all_timesteps": accuracy.full, "images": accuracy.images}}
        )
        return {
            "timesteps": self.exits.timesteps,
            "images": {str(step): count for step, count in self.exits.images.items()},
            "steps": list(self.exits.steps),
            "saved_timesteps": (run or self.exits).saved,
            **({} if run is None else {"timesteps_beyond_exits": self.beyond(run)}),
            "source": self.source,
            **told,
        }


def exits_of(options: Options, batch: int, timesteps: int) -> EarlyExits | None:
    """The exits that `options` give a batch, None if they give none. Which image exits when is drawn with their
    seed."""
    if options.exit_steps is None:
        return None
    counts = ExitShares.parse(options.exit_steps).of(batch)
    steps = np.repeat([*counts], [*counts.values()])
    drawn = np.random.default_rng([options.seed, DRAWN]).permutation(steps)
    source = f"shares as given, which image is which drawn with seed {options.seed}"
    return EarlyExits(Exits(tuple(drawn.tolist()), timesteps), source)


def usual_batch(network: Network, options: Options) -> int | None:
    """The batch of a run, if the known `options` determine it; None if a file does."""
    of_file = (known(options, name, "unknown") for name in ("trace", "images"))
    if any(of_file) or network.spikes.trace is not None:
        return None
    batch: int | None = known(options, "batch", None)
    return 1 if batch is None and "batch" in vars(options) else batch


def when_sure(outputs: NDArray[Any], confidence: float, labels: NDArray[Any] | None) -> EarlyExits:
    """When each image reaches this confidence, from the engine's outputs [T, B, classes] and labels [B]."""
    steps, timesteps = sure_after(outputs, confidence), len(outputs)
    exits = Exits(tuple(steps.tolist()), timesteps)
    source = f"where softmax of the mean output has a class of {confidence:g} or more, else after all"
    if labels is None:
        return EarlyExits(exits, source)
    early, full = (
        float((answer(outputs, after) == labels).mean()) for after in (steps, np.full_like(steps, timesteps))
    )
    return EarlyExits(exits, source, Accuracy(early, full, len(labels)))


def exit_faults(network: Network, options: Options, batch: int | None) -> Iterator[Fault]:
    """Why the images of `network` cannot exit as the known `options` ask. batch: None if unknown."""
    text = known(options, "exit_steps", None)
    asked = [name for name in ("exit_steps", "exit_confidence") if known(options, name, None) is not None]
    if not asked:
        return
    for step in steps_in(text or ""):
        if step > network.timesteps:
            has = f"{network.name} has {counted(network.timesteps, 'timestep')}"
            yield Fault(f"{step} must be at most {network.timesteps}: {has}", path="exit_steps")
    averaged = behind_mean(network.nodes)
    late = [layer.name for layer in network.layers if {one.name for one in (*layer.reads, *layer.residuals)} & averaged]
    if late:
        rule = "must go with a network that answers at every timestep"
        how = f"{late[0]} of {network.name} is behind a mean over time, and computed once, after the last timestep"
        yield Fault(f"{rule}: {how} (put the time_mean behind it)", path=asked[0])
    if "exit_confidence" in asked and not late:
        output = network.nodes[-1].output
        if output.timesteps != network.timesteps or len(output.shape) != 1 or output.elements < 2:
            rule = "must go with a network that puts out classes at every timestep"
            puts = f"{network.name} puts out {list(output.shape)} at {counted(output.timesteps, 'timestep')}"
            yield Fault(f"{rule}: {puts}", path="exit_confidence")
    if text is not None and batch is not None and not [*share_faults(text)]:
        shares = ExitShares.parse(text)
        if not all(shares.of(batch).values()):
            way_out = f"--batch {shares.least_batch()} has, and with --chunk 1 its images go through one by one"
            yield Fault(f"{batch} must have an image for every share of exit_steps ({way_out})", path="batch")


def exit_notes(plan: Plan, early: EarlyExits) -> Iterator[str]:
    """Notes on images that exit early under `plan`."""
    if plan.exits is None:
        forbids = why_not(plan)
        every = f"all {counted(early.exits.timesteps, 'timestep')} of every image are run"
        rule = f"no image exits early: {forbids}; {every}"
        way_out = "--schedule timestep lets images go, one group in windows, as --groups FIRST:fused:2, between these"
        yield Note(f"{rule} ({way_out})", f"no image exits early: {forbids}")
        return
    at_a_time = counted(plan.groups[0].images, "image")
    yield f"early exit: {early.words}"
    if beyond := early.beyond(plan.exits):
        rule = f"{plan.groups[0].in_turn}, an image goes at the end of the window in which it is done"
        more = f"{counted(beyond, 'timestep')} beyond exits, {early.exits.saved - plan.exits.saved:.1%} of all"
        yield f"early exit: {rule}: {more}, {'is' if beyond == 1 else 'are'} run and paid for"
    timesteps = counted(early.exits.timesteps, "timestep")
    stays = f"what stays on chip is planned for all {timesteps} of {at_a_time} at a time"
    yield (
        f"early exit: a chunk's weights move until its last image has exited; {stays}, and room that images leave "
        "there is not used again"
    )


def why_not(plan: Plan) -> str:
    """Why no image can exit early under `plan`."""
    if len(plan.groups) > 1:
        return f"each of {len(plan.groups)} groups runs all timesteps before the next one begins"
    return "all timesteps run together, and the first answer is there with the last"


def of_one_group(plan: Plan) -> str:
    """How the only group of `plan` runs, in words."""
    window = plan.groups[0].in_turn
    return "timestep by timestep" if window == TIMESTEP else str(window)
