"""Networks some of whose layers have a batch norm."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from hypothesis import strategies as st

from lifsim.model.network import Network, NormStatistics
from lifsim.model.product import Product
from tests.schedule.networks import networks


def with_norms(network: Network, layers: Collection[str], statistics: NormStatistics = "timestep") -> Network:
    """`network` with a batch norm behind these layers."""
    nodes = tuple(
        replace(node, batch_norm=True) if isinstance(node, Product) and node.name in layers else node
        for node in network.nodes
    )
    return replace(network, nodes=nodes, norm_statistics=statistics)


@st.composite
def normed_networks(draw: st.DrawFn, statistics: st.SearchStrategy[NormStatistics]) -> Network:
    """Random ones, any of whose layers have one."""
    network = draw(networks())
    names = [layer.name for layer in network.layers]
    return with_norms(network, draw(st.sets(st.sampled_from(names), min_size=1)), draw(statistics))
