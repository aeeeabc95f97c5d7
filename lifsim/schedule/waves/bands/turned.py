"""A network whose maps are turned: what schedules know of rows, said of columns."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lifsim.graph.reach import Step
from lifsim.model.network import Tensor
from lifsim.schedule.facts import LayerFacts, NetworkFacts
from lifsim.schedule.tensors.storage import RowLayout, axis_of, map_shape


@lru_cache(maxsize=1 << 6)
def turned(facts: NetworkFacts) -> NetworkFacts:
    """Rows are columns: of layers (`LayerFacts.rows.axis`), of the nodes behind them, of tensors, and of states, whose
    bytes are taken to lie column by column."""
    columns = {step.name: _columns(step.tensor) for steps in facts.steps for step in steps}
    return replace(
        facts,
        layers=tuple(_layer(layer) for layer in facts.layers),
        steps=tuple(tuple(_step(step) for step in steps) for steps in facts.steps),
        tensors={
            name: replace(one, rows=columns[name]) if name in columns else one for name, one in facts.tensors.items()
        },
        states=tuple(
            replace(state, rows=columns_of(facts.layers[state.layers[0]]), row_bytes=0) for state in facts.states
        ),
    )


def columns_of(layer: LayerFacts) -> int:
    """Of a row of the outputs of a layer's product."""
    return layer.rows.row_pixels


def _columns(tensor: Tensor) -> int:
    return map_shape(tensor.shape)[2]


def _layer(facts: LayerFacts) -> LayerFacts:
    layer = facts.layer
    along = 0 if layer.in_shape[1] == 1 else 1  # as rows lie along a signal's length, or a map's height
    return replace(facts, rows=RowLayout(axis_of(layer, along), row_pixels=facts.rows.axis.rows_out, row_bytes=0))


def _step(step: Step) -> Step:
    shape = map_shape(step.tensor.shape)
    tensor = replace(step.tensor, shape=(shape[0], shape[2], shape[1]) if len(step.tensor.shape) == 3 else shape[:1])
    return Step(tensor, step.across, step.is_lif, step.reads)
