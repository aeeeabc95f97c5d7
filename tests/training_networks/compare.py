"""Where a run and the independent count differ."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.accounting.books import as_tree
from lifsim.simulate.result import Result
from lifsim.training.sizes import TrainingSizes
from lifsim.training.traffic import training_traffic
from lifsim.keeping import KEEPINGS
from tests.oracles.trained.count import Counted, count
from tests.training_networks.described import described
from tests.training_networks.draw import Drawn

BETWEEN = ("membrane_read", "membrane_write")
"""What goes from timestep to timestep: known of a group, not of each of its layers."""


def differences(drawn: Drawn, result: Result) -> Iterator[str]:
    """In words; none where every figure is the same."""
    training, told = described(drawn, result)
    counted = count(training, told)
    yield from _bytes(result, counted)
    yield from _groups(drawn, result, counted)


def _bytes(result: Result, counted: Counted) -> Iterator[str]:
    for record in result.records:
        name, stages = record.counts.name, counted.stages[record.counts.name]
        if set(stages) != set(record.stages):
            yield f"{name}: stages {sorted(record.stages)}, counted {sorted(stages)}"
        for stage in stages.keys() & record.stages.keys():
            found = as_tree(record.stages[stage].dram_bytes)
            for tensor, size in found.items():
                if tensor != "total" and (stage == "forward" or tensor not in BETWEEN) and size != stages[stage][tensor]:
                    yield f"{name} {stage} {tensor}: {size}, counted {stages[stage][tensor]}"


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
