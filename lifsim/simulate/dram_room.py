"""Whether the tensors of a run fit into its DRAM, checked before any spikes are drawn or read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache, partial

from lifsim.accounting import ACCOUNTINGS
from lifsim.errors import InputError
from lifsim.graph.states import states_of
from lifsim.hardware.memory import MEMORIES
from lifsim.memo import Memo
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.play.dram import end_of, require_room, sizes_of
from lifsim.play.stretches import stretches
from lifsim.schedule.begins import begins_of
from lifsim.schedule.cheapest import on_cheapest
from lifsim.schedule.chip import Chip
from lifsim.schedule.choices import Choice, Choices, choices_of
from lifsim.schedule.partition import allowed, dram_bytes, plan_of
from lifsim.schedule.plan import ScheduleOptions
from lifsim.schedule.search import contenders
from lifsim.schedule.tensors.storage import tensor_bytes
from lifsim.simulate.options import Options
from lifsim.simulate.spikes import images_of
from lifsim.watch import Watch, unwatched

CLOSE = 4
"""A run whose weights and maps of all images take less than 1/N of the DRAM is not checked."""


def require_dram_room(
    arch: Arch, network: Network, sharing: Sharing, options: Options, memo: Memo, watch: Watch = unwatched
) -> None:
    """Raises InputError if no plan that `options` allow fits into the DRAM of `arch`.

    Planning by bytes needs no spikes; if several plans move equally few bytes, all of them must be too large. Of
    training what every plan keeps must fit; what else it needs, and other runs, are refused when they are played. memo:
    keeps what was planned, for the run itself; `watch` is told how much is.
    """
    accounting = ACCOUNTINGS[arch.accounting]
    if not (accounting.scheduled and MEMORIES[arch.dram.model].has_device):
        return
    capacity, found = arch.dram.simulated.organisation.capacity_bytes, list[Choice]()
    if options.mode == "training" and accounting.trains:
        kept = dict[str, int]()
        with suppress(InputError):
            kept = _kept_by_training(arch, network, sharing, options, memo)
        require_room(end_of(kept), capacity, kept, all_counted=False)
    if options.objective != "dram" or options.mode != "inference" or options.exit_options:
        return
    with suppress(InputError):  # other faults are reported by the run
        batch, states = images_of(network, options), states_of(network, sharing)
        groups = None if options.groups is None else begins_of(network, options.groups)
        choices = memo.of(choices_of, network, states, Chip.of(arch), batch, options.chunk, memo, None)
        if not _is_close(choices, capacity):
            return
        asked = ScheduleOptions(options.schedule, batch, options.chunk, groups)
        found = on_cheapest(allowed(choices, asked, partial(contenders, watch=watch), watch), dram_bytes)
    if found:
        least = least_of(choices, found, memo)
        require_room(end_of(least), capacity, least)


def _kept_by_training(arch: Arch, network: Network, sharing: Sharing, options: Options, memo: Memo) -> dict[str, int]:
    """Bytes of what a training run keeps in DRAM under every plan: weights, the inputs of all layers, which the update
    of their weights reads again, and the states that the backward pass begins with, of whichever way keeps fewer."""
    from lifsim.keeping import KEEPINGS
    from lifsim.training.sizes import TrainingSizes
    from lifsim.training.trained import TrainedWith

    chip, batch, keeping = Chip.of(arch), images_of(network, options), KEEPINGS[options.bptt]
    trains = TrainedWith(keeping)
    choices = memo.of(choices_of, network, states_of(network, sharing), chip, batch, options.chunk, memo, trains)
    sizes = TrainingSizes(choices.facts, chip, batch, keeping)
    kept = {f"tensor:{layer.input.name}": sizes.packed(layer.input) for layer in sizes.layers}
    for layer in sizes.layers:
        kept[f"weights:{layer.name}"] = sizes.weights(layer) if layer.operand is None else 0
        if layer.lif is not None:
            kept[f"states:{layer.lif.name}"] = min(
                sizes.states_kept(layer, tick_batched=each) for each in (True, False)
            )
    return kept


def _is_close(choices: Choices, capacity_bytes: int) -> bool:
    """Whether the tensors take enough of the DRAM to be checked one by one."""
    facts = choices.facts
    layers = [one.layer for one in facts.layers]
    tensors = {tensor.name: tensor for layer in layers for tensor in (layer.input, *layer.outputs)}
    weights = sum(one.filter_bytes * one.layer.filters for one in facts.layers)
    images = choices.batch * sum(tensor_bytes(one, facts.reals) for one in tensors.values())
    return CLOSE * (weights + images) > capacity_bytes


def least_of(choices: Choices, found: Sequence[Choice], memo: Memo) -> dict[str, int]:
    """The fewest bytes of each tensor that any plan of these choices keeps in DRAM: a plan has one choice per layer,
    and keeps as much of a tensor as any of its choices touches."""

    from lifsim.play.furthest import furthest

    @cache
    def sizes(number: int) -> dict[str, int]:
        return sizes_of(stretches(furthest(plan_of(choices, [found[number]]), choices.batch, memo)))

    least: dict[str, int] = {}
    for layer in sorted({index for choice in found for index in choice.group.indices}):
        mine = [sizes(number) for number, choice in enumerate(found) if layer in choice.group.indices]
        for name in set[str]().union(*mine):
            least[name] = max(least.get(name, 0), min(size.get(name, 0) for size in mine))
    return least
