"""Do only the layers that hand a state on from one to the other run one timestep after the other?"""

from __future__ import annotations

import pytest

from lifsim.engine.order import stretches_of
from lifsim.graph.states import states_of
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from tests.engine.build import Builder


def chain() -> Network:
    """Three layers whose LIFs see maps of one size, behind one of another."""
    build = Builder((2, 4, 4), 3, "event")
    for number, channels in enumerate((2, 4, 4, 4)):
        build.conv(f"conv{number}", channels, (3, 3), padding=(1, 1)).lif(f"lif{number}")
    return build.network()


@pytest.mark.parametrize(
    ("sharing", "parts"),
    [
        ("none", [(["input", "conv0", "lif0", "conv1", "lif1", "conv2", "lif2", "conv3", "lif3"], True)]),
        ("channel2", [(["input", "conv0", "lif0", "conv1", "lif1", "conv2", "lif2", "conv3", "lif3"], True)]),
        (
            "layer",
            [
                (["input", "conv0", "lif0", "conv1"], True),
                (["lif1", "conv2", "lif2", "conv3", "lif3"], False),
            ],
        ),
    ],
)
def test_a_state_of_one_layer_keeps_its_timesteps_together(sharing: str, parts: list[tuple[list[str], bool]]) -> None:
    network = chain()
    found = stretches_of(network, states_of(network, Sharing.parse(sharing)))
    assert [([node.name for node in stretch.nodes], stretch.folded) for stretch in found] == parts


def test_what_is_behind_a_mean_over_time_runs_once() -> None:
    """Behind the layers that hand their state on, timestep by timestep."""
    build = Builder((2, 4, 4), 3, "event")
    for number in range(2):
        build.conv(f"conv{number}", 2, (3, 3), padding=(1, 1)).lif(f"lif{number}", group="one")
    build.time_mean("mean").linear("fc", 3)
    build.conv("after", 2, (3, 3), padding=(1, 1), of="lif1").lif("lif2", group="one")
    network = build.network()
    found = stretches_of(network, states_of(network, Sharing(layer=True)))
    once = [stretch for stretch in found if stretch.folded and "mean" in [node.name for node in stretch.nodes]]
    assert [[node.name for node in stretch.nodes] for stretch in once] == [["mean", "fc"]]
