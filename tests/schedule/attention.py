"""Random small networks of spiking attention: queries, keys, values, their products, and what stands around them."""

from __future__ import annotations

from hypothesis import strategies as st

from lifsim.model.network import Network
from tests.schedule.networks import Op, network


@st.composite
def attention_networks(draw: st.DrawFn) -> Network:
    """One or two blocks; the products with neurons behind them or without, of spikes or of counts."""
    heads = draw(st.sampled_from([1, 2]))
    height, width = draw(st.sampled_from([(2, 2), (3, 2), (4, 1), (1, 5)]))
    channels = heads * draw(st.integers(1, 3))
    layers: list[Op] = []
    source = "input"
    for block in range(draw(st.integers(1, 2))):
        source = _block(draw, layers, source, block, heads, channels)
    if draw(st.booleans()):
        layers.append({"name": "fc", "op": "linear", "out": 2})
    return network(layers, (channels, height, width), draw(st.integers(1, 3)), "rate")


def _block(draw: st.DrawFn, layers: list[Op], source: str, block: int, heads: int, channels: int) -> str:
    named = []
    for role in "qkv":
        if draw(st.integers(0, 3)) == 0:
            named.append(source)  # it is read itself
            continue
        conv: Op = {"name": f"w{role}{block}", "op": "conv", "out": channels, "kernel": 1, "input": source}
        layers += [conv, {"name": f"{role}{block}", "op": "lif"}]
        named.append(f"{role}{block}")
    query, key, value = named
    layers.append(
        {"name": f"map{block}", "op": "matmul", "inputs": [query, key], "heads": heads, "transpose_second": True}
    )
    above = f"map{block}"
    if draw(st.booleans()):
        layers.append({"name": f"fired{block}", "op": "lif"})
        above = f"fired{block}"
    layers.append({"name": f"mix{block}", "op": "matmul", "inputs": [above, value], "heads": heads})
    if source != "input" and draw(st.booleans()):
        layers.append({"name": f"add{block}", "op": "add", "inputs": [f"mix{block}", source]})
    layers.append({"name": f"mixed{block}", "op": "lif"})
    return f"mixed{block}"
