"""Options that a run would silently ignore, because of its network, its sharing or its other options.

Combinations that options alone rule out are refused by `Options`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifsim.errors import Fault, InputError
from lifsim.graph.states import states_of
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import Plan
from lifsim.simulate.exits import exit_faults, usual_batch
from lifsim.simulate.options import Options
from lifsim.simulate.spikes import NO_ANSWERS, fires_own, trace_of


def unread_options(network: Network, sharing: Sharing, options: Options) -> Iterator[Fault]:
    """Faults of `options` that have no effect for this `network` and `sharing`, with the way out."""
    if not fires_own(network, options):
        for name, value in (("weights", options.weights), ("images", options.images)):
            if value is not None:
                yield Fault(f"{value!r} must go with spikes engine, which alone has {name}", path=name)
    yield from exit_faults(network, options, usual_batch(network, options))
    if options.exit_confidence is not None and not fires_own(network, options):
        yield Fault(NO_ANSWERS, path="exit_confidence")
    drawn = options.exit_steps is not None  # the order in which images exit
    if options.seed and not drawn and trace_of(network, options) is not None:
        yield Fault(f"{options.seed} must be 0 where spikes are those of a trace: none are drawn", path="seed")
    if options.chunk is not None and _asks_for_ticks(network, sharing, options):
        where = "schedule timestep or auto, with groups, or with a sharing under which layers take turns"
        yield Fault(f"{options.chunk} must go with {where}: a layer that ticks works image by image", path="chunk")


def _asks_for_ticks(network: Network, sharing: Sharing, options: Options) -> bool:
    """Whether no option makes a layer run timestep-major. Chains of `channelN` may still have to."""
    if options.schedule != "tick" or options.groups is not None:
        return False
    try:
        states = states_of(network, sharing)
    except InputError:  # reported by whoever asks for the states
        return False
    return all(len(state.lifs) == 1 and state.channels == 1 for state in states)


def unread_settings(settings: Sequence[str], mode: str) -> list[Fault]:
    """The settings of an architecture, ``key=value``, that only training reads."""
    keys = dict.fromkeys(one.partition("=")[0].strip() for one in settings)
    idle = [key for key in keys if key.partition(".")[0] == "optimizer"] if mode != "training" else []
    rule = f"must go with mode training, not {mode}: nothing else changes weights"
    return [Fault(rule, source=f"--set {key}") for key in idle]


def chunk_note(plan: Plan, chunk: int | None) -> Iterator[str]:
    """A note if no group of `plan` reads `chunk`."""
    if chunk is not None and all(group.tick_batched for group in plan.groups):
        yield f"chunk {chunk} changes nothing of this schedule: every layer is tick-batched, image by image"
