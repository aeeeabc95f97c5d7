"""In random residual networks, does every layer read only what an earlier one stores, and is no store in vain?"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.layers.conv import Conv
from lifsim.layers.linear import Linear
from lifsim.model.network import Input, Lif, Network
from tests.workload.building import network


@st.composite
def residual_networks(draw: st.DrawFn) -> Network:
    """Convolutions of one shape, each behind any tensor above it and followed by adds and at most one LIF in any order;
    what nobody reads is summed up at the end."""
    lines, names, read = [], ["input"], set()

    def put(name: str, op: str, *inputs: str) -> None:
        reads = f"inputs: [{', '.join(inputs)}]" if op == "add" else f"input: {inputs[0]}"
        size = ", out: 2, kernel: 1" if op == "conv" else ""
        lines.append(f"- {{name: {name}, op: {op}, {reads}{size}}}")
        names.append(name)
        read.update(inputs)

    for index in range(draw(st.integers(1, 7))):
        put(f"conv{index}", "conv", draw(st.sampled_from(names)))
        behind = draw(st.lists(st.sampled_from(["add", "lif"]), max_size=3).filter(lambda ops: ops.count("lif") < 2))
        for position, op in enumerate(behind):
            other = [draw(st.sampled_from(names))] if op == "add" else []
            put(f"{op}{index}_{position}", op, names[-1], *other)
    for name in [name for name in names[:-1] if name not in read]:
        put(f"sum_{name}", "add", names[-1], name)
    return network("\n".join(lines), shape="[2, 3, 3]")


@settings(max_examples=60, deadline=None)
@given(residual_networks())
def test_what_a_layer_reads_an_earlier_one_stores(net):
    stored = {node.output for node in net.nodes if isinstance(node, Input)}
    read = set()
    for layer in net.layers:
        read |= {layer.input, *layer.residuals}
        assert {layer.input, *layer.residuals} <= stored
        assert not stored.intersection(layer.outputs)
        stored |= set(layer.outputs)
    unread = {tensor.name for tensor in stored - read}
    assert unread <= {net.nodes[-1].name}


@settings(max_examples=60, deadline=None)
@given(residual_networks())
def test_every_lif_runs_behind_exactly_one_layer_that_is_executed_before_it(net):
    order = {node.name: index for index, node in enumerate(net.nodes)}
    weights = [node.name for node in net.nodes if isinstance(node, Conv | Linear)]
    assert [layer.name for layer in net.layers] == weights
    driven = {layer.lif.name: layer.name for layer in net.layers if layer.lif}
    assert sorted(driven) == sorted(node.name for node in net.nodes if isinstance(node, Lif))
    for lif, layer in driven.items():
        later = [name for name in weights if order[layer] < order[name] < order[lif]]
        assert not later
