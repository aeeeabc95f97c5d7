"""Which membranes are shared, under every spelling of the sharing, and which networks cannot share?"""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifsim.errors import InputError
from lifsim.graph.states import State, channels_of, left_unshared, states_of
from lifsim.model.activity import Spikes
from lifsim.model.network import Lif, Network, Tensor
from lifsim.model.sharing import MAX_CHANNEL_GROUPS, Sharing
from lifsim.neurons.lif import LifNeuron

SOFT = LifNeuron(tau=4 / 3, threshold=1.0, reset="soft", u_reset=0.0, decay_input=True)
HARD = LifNeuron(tau=4 / 3, threshold=1.0, reset="hard", u_reset=0.0, decay_input=True)


def _network(*lifs: tuple[str, tuple[int, ...], str | None], neuron: LifNeuron = SOFT) -> Network:
    nodes = tuple(Lif(name, ("x",), Tensor(name, shape, 4, 1), neuron, group) for name, shape, group in lifs)
    spikes = Spikes("rates", {}, "made up", measured=False)
    return Network("n", "", 4, "direct", 8, nodes, (), spikes)


@pytest.mark.parametrize(
    ("text", "sharing"),
    [
        ("none", Sharing()),
        ("None", Sharing()),
        ("layer", Sharing(layer=True)),
        ("Layer", Sharing(layer=True)),
        ("channel4", Sharing(channels=4)),
        ("CHANNEL2", Sharing(channels=2)),
        ("C#4", Sharing(channels=4)),
        ("c#2", Sharing(channels=2)),
        ("layer+channel2", Sharing(layer=True, channels=2)),
        ("Layer&C#2", Sharing(layer=True, channels=2)),
        ("Layer & C#2", Sharing(layer=True, channels=2)),
        (" channel 16 ", Sharing(channels=16)),
    ],
)
def test_every_spelling_is_understood(text: str, sharing: Sharing) -> None:
    assert Sharing.parse(text) == sharing


@given(st.builds(Sharing, st.booleans(), st.integers(1, MAX_CHANNEL_GROUPS)))
def test_what_is_printed_reads_back(sharing: Sharing) -> None:
    assert Sharing.parse(str(sharing)) == sharing


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chanel4", "'chanel4' must be none, layer, channelN or layer+channelN; did you mean 'channel4'?"),
        ("channel4+layer", "did you mean 'layer+channel4'?"),
        ("layer,channel4", "did you mean 'layer+channel4'?"),
        ("lyer+chanel4", "did you mean 'layer+channel4'?"),
        ("chanel16 & Layers", "did you mean 'layer+channel16'?"),
        ("Layer/C4", "did you mean 'layer+channel4'?"),
        ("layer channel_2", "did you mean 'layer+channel2'?"),
        ("channels8", "did you mean 'channel8'?"),
        ("channel2+layer-where-possible", "did you mean 'layer+channel2-where-possible'?"),
        ("layers", "did you mean 'layer'?"),
        ("nnoe", "did you mean 'none'?"),
        ("channel2,channel4", "layer+channelN; one sharing at a time"),
        ("channel", "did you mean one of channel2, channel4?"),
        ("channel0", "'channel0': N of channelN must be >= 2"),
        ("channel1", "'channel1': N of channelN must be >= 2"),
        ("channel-2", "must be none, layer, channelN"),
        ("channel2.5", "must be none, layer, channelN"),
        ("channel", "must be none, layer, channelN"),
        ("channel9999999", "must be <= 1048576"),
        ("channel" + "9" * 5000, "must be none, layer, channelN"),
        ("layerchannel2", "must be none, layer, channelN"),
        ("layer+", "must be none, layer, channelN"),
        ("+channel2", "must be none, layer, channelN"),
        ("none+layer", "must be none, layer, channelN"),
        ("channel２", "must be none, layer, channelN"),
        ("", "must be none, layer, channelN"),
    ],
)
def test_what_is_no_sharing_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Sharing.parse(text)
    assert message in str(caught.value)


NETWORK = _network(
    ("a", (8, 4, 4), None), ("b", (8, 4, 4), None), ("c", (16, 2, 2), None), ("d", (16, 2, 2), None), ("e", (32,), None)
)


@pytest.mark.parametrize(
    ("sharing", "states"),
    [
        (Sharing(), [(n, lif.output.shape, (n,)) for n, lif in zip("abcde", NETWORK.lifs, strict=True)]),
        (Sharing(layer=True), [("a", (8, 4, 4), ("a", "b")), ("c", (16, 2, 2), ("c", "d")), ("e", (32,), ("e",))]),
        (
            Sharing(layer=True, channels=4),
            [("a", (2, 4, 4), ("a", "b")), ("c", (4, 2, 2), ("c", "d")), ("e", (8,), ("e",))],
        ),
    ],
)
def test_neighbours_of_one_shape_share(sharing: Sharing, states: list[tuple[str, tuple[int, ...], tuple[str]]]) -> None:
    assert states_of(NETWORK, sharing) == tuple(State(*state, channels=sharing.channels) for state in states)


def test_explicit_groups_share_wherever_they_stand_and_part_neighbours() -> None:
    network = _network(
        ("a", (8, 4, 4), "x"),
        ("b", (8, 4, 4), None),
        ("c", (8, 4, 4), "x"),
        ("d", (8, 4, 4), "y"),
        ("e", (8, 4, 4), None),
    )
    assert [state.lifs for state in states_of(network, Sharing(layer=True))] == [("a", "c"), ("b",), ("d",), ("e",)]


def test_every_layer_that_cannot_share_is_named_at_once() -> None:
    network = _network(("a", (8, 4, 4), "x"), ("b", (6, 4, 4), "x"), ("c", (9,), None))
    with pytest.raises(InputError) as caught:
        states_of(network, Sharing(layer=True, channels=4))
    faults = [str(fault) for fault in caught.value.faults]
    assert all("`share: false`" in fault and "--share-where-possible" in fault for fault in faults)
    assert [fault.partition("; `")[0] for fault in faults] == [
        "sharing: layer+channel4 must divide the 6 channels of b; the 9 channels of c",
        "sharing: group 'x' must have LIFs of one shape, has a [8, 4, 4], b [6, 4, 4]",
    ]


def test_neurons_of_one_group_are_of_one_kind() -> None:
    soft, hard = _network(("a", (8,), "x")), _network(("b", (8,), "x"), neuron=HARD)
    mixed = Network("n", "", 4, "direct", 8, soft.nodes + hard.nodes, (), soft.spikes)
    with pytest.raises(InputError, match=r"must have one neuron model: a \(reset soft\), b \(reset hard\)"):
        states_of(mixed, Sharing(layer=True))
    assert len(states_of(mixed, Sharing(channels=2))) == 2


@given(st.integers(1, 6), st.sampled_from([1, 2, 4]))
def test_channel_sharing_divides_the_membranes(layers: int, channels: int) -> None:
    network = _network(*((f"l{n}", (4 * (n + 1), 3, 3), None) for n in range(layers)))
    total = sum(state.elements for state in states_of(network, Sharing(channels=channels)))
    assert total * channels == sum(math.prod(lif.output.shape) for lif in network.lifs)


@pytest.mark.parametrize("text", ["channel4-where-possible", "C#4 where possible", "channel4 Where-Possible"])
def test_where_possible_is_part_of_the_name(text: str) -> None:
    sharing = Sharing.parse(text)
    assert sharing == Sharing(channels=4, where_possible=True) == Sharing(channels=4).where_it_fits()
    assert str(sharing) == "channel4-where-possible"
    assert Sharing.parse(str(sharing)) == sharing
    assert Sharing().where_it_fits() == Sharing()


@pytest.mark.parametrize("text", ["none-where-possible", "-where-possible", "where possible", "channel4-where"])
def test_none_shares_nothing_anywhere(text: str) -> None:
    with pytest.raises(InputError):
        Sharing.parse(text)
    with pytest.raises(InputError):
        Sharing(where_possible=True)


def _apart(network: Network, *names: str) -> Network:
    """The same, where these layers have `share: false`."""
    nodes = tuple(
        dataclasses.replace(node, share=False) if isinstance(node, Lif) and node.name in names else node
        for node in network.nodes
    )
    return dataclasses.replace(network, nodes=nodes)


def test_a_layer_that_shares_nothing_keeps_its_own_and_parts_its_neighbours() -> None:
    network = _apart(NETWORK, "b", "e")
    layers = states_of(network, Sharing(layer=True, channels=4))
    assert [(state.lifs, state.shape, state.channels) for state in layers] == [
        (("a",), (2, 4, 4), 4),
        (("b",), (8, 4, 4), 1),
        (("c", "d"), (4, 2, 2), 4),
        (("e",), (32,), 1),
    ]
    named = _apart(_network(("a", (8,), "x"), ("b", (8,), "x"), ("c", (8,), "x")), "b")
    assert [state.lifs for state in states_of(named, Sharing(layer=True))] == [("a", "c"), ("b",)]


@pytest.mark.parametrize("sharing", ["layer", "channel4", "layer+channel2"])
def test_a_network_of_which_no_layer_shares_has_the_states_of_none(sharing: str) -> None:
    apart = _apart(NETWORK, *"abcde")
    assert states_of(apart, Sharing.parse(sharing)) == states_of(NETWORK, Sharing())
    assert channels_of(apart, Sharing.parse(sharing)) == dict.fromkeys("abcde", 1)
    odd = _apart(_network(("a", (9,), "x"), ("b", (7,), "x")), "a", "b")
    assert states_of(odd, Sharing.parse(sharing)) == states_of(odd, Sharing())


def test_where_possible_leaves_what_cannot_share_and_names_it() -> None:
    network = _network(("a", (8, 4, 4), "x"), ("b", (6, 4, 4), "x"), ("c", (9,), None), ("d", (12,), None))
    sharing = Sharing(layer=True, channels=4).where_it_fits()
    assert [(state.lifs, state.channels) for state in states_of(network, sharing)] == [
        (("a",), 1),
        (("b",), 1),
        (("c",), 1),
        (("d",), 4),
    ]
    assert left_unshared(network, sharing) == ("a [8, 4, 4]", "b [6, 4, 4]", "c [9]")
    assert left_unshared(NETWORK, sharing) == ()
    soft, hard = _network(("a", (8,), "x")), _network(("b", (8,), "x"), neuron=HARD)
    mixed = Network("n", "", 4, "direct", 8, soft.nodes + hard.nodes, (), soft.spikes)
    assert [state.lifs for state in states_of(mixed, Sharing(layer=True).where_it_fits())] == [("a",), ("b",)]


@pytest.mark.parametrize("sharing", ["layer", "channel4", "layer+channel2"])
def test_where_everything_can_share_where_possible_changes_nothing(sharing: str) -> None:
    wanted = Sharing.parse(sharing)
    assert states_of(NETWORK, wanted.where_it_fits()) == states_of(NETWORK, wanted)
