"""Where a run and the independent count differ."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.accounting.records import as_tree
from lifsim.keeping import KEEPINGS
from lifsim.simulate.result import Result
from lifsim.training.sizes import TrainingSizes
from lifsim.training.traffic import training_traffic
from tests.oracles.legality import IllegalPlanError
from tests.oracles.trained import work
from tests.oracles.trained.count import Counted, count
from tests.schedule.legality.walked import obeyed
from tests.training_networks.described import described, facts_of
from tests.training_networks.draw import Drawn

BETWEEN = ("membrane_read", "membrane_write")
"""What goes from timestep to timestep: known of a group, not of each of its layers."""


def differences(drawn: Drawn, result: Result) -> Iterator[str]:
    """In words; none where every figure is the same."""
    training, told = described(drawn, result)
    counted = count(training, told)
    yield from _bytes(result, counted)
    yield from _groups(drawn, result, counted)
    yield from _work(result, work.count(training, told, counted, facts_of(drawn, result)))
    yield from _legality(drawn, result)


def _legality(drawn: Drawn, result: Result) -> Iterator[str]:
    """Of the forward pass: what the oracle that walks it says where it cannot be followed. A state that leaves between
    more than two parts of its chains is not told: its moves say how many bytes, not which."""
    assert result.plan is not None
    if any(state.parted.parts > 2 for state in result.plan.facts.states):
        return
    try:
        obeyed(result.network, drawn.sharing, result.plan, drawn.options.batch or 1, training=True)
    except IllegalPlanError as error:
        yield f"the plan is not legal: {error}"


def _bytes(result: Result, counted: Counted) -> Iterator[str]:
    for record in result.records:
        name, stages = record.counts.name, counted.stages[record.counts.name]
        if set(stages) != set(record.stages):
            yield f"{name}: stages {sorted(record.stages)}, counted {sorted(stages)}"
        for stage in stages.keys() & record.stages.keys():
            found = as_tree(record.stages[stage].dram_bytes)
            for tensor, size in found.items():
                if (
                    tensor != "total"
                    and (stage == "forward" or tensor not in BETWEEN)
                    and size != stages[stage][tensor]
                ):
                    yield f"{name} {stage} {tensor}: {size}, counted {stages[stage][tensor]}"


OPERATIONS = (
    "macs_dense", "macs_effective", "lif_updates", "pgu_updates", "pgu_multiplications", "norm_multiply_adds",
    "optimizer_multiply_adds", "optimizer_divisions",
)  # fmt: skip


def _work(result: Result, counted: dict[str, work.Work]) -> Iterator[str]:
    for record in result.records:
        name = record.counts.name
        for stage, one in record.stages.items():
            sram, expected = one.sram_accesses, counted[name][stage]
            found = {operation: getattr(one.ops, operation) for operation in OPERATIONS}
            found |= {"cycles": one.cycles.array + one.cycles.fill_drain, "inputs": sram.spike_in.reads}
            if stage != "weight_update":  # there gradients and what the optimizer keeps pass the weight buffer, too
                found["weights"] = sram.weight.reads
            if expected["norm_multiply_adds"] == 0:  # else sums that wait pass the psum buffer, too
                found |= {"psum_writes": sram.psum.writes, "psum_reads": sram.psum.reads}
            for what, number in found.items():
                if number != expected[what]:
                    yield f"{name} {stage} {what}: {number}, counted {expected[what]}"


def _groups(drawn: Drawn, result: Result, counted: Counted) -> Iterator[str]:
    plan = result.plan
    assert plan is not None
    sizes = TrainingSizes(plan.facts, plan.chip, drawn.options.batch or 1, KEEPINGS[drawn.options.bptt])
    books = training_traffic(sizes, plan)
    for group in plan.groups:
        first = result.network.layers[group.first].name
        products = sum(books[index].orders.total for index in group.indices)
        if products != counted.least_products[first]:
            yield f"group of {first}: products move {products}, the fewest are {counted.least_products[first]}"
        back = [
            stage.dram_bytes for index in group.indices
            for name, stage in result.records[index].stages.items() if name != "forward"
        ]  # fmt: skip
        between = sum(one.membrane_read + one.membrane_write for one in back)
        if between != counted.least_membranes[first]:
            yield f"group of {first}: membranes move {between}, the fewest are {counted.least_membranes[first]}"
