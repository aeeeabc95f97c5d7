"""Does whatever a member of another package returns, or raises, end as a fault of that member, in words, and does one
that keeps its protocol change no figure?"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from lifsim.cli.main import main
from lifsim.door import DOOR, Guest, Part
from lifsim.errors import InputError, Interruption
from lifsim.neurons import NeuronModel
from lifsim.promised import check_of
from lifsim.registry import KINDS, registry_of
from tests.door.guests import BAD, BANDWIDTH, BESIDE, NET, OVERRIDDEN_WITH, PLACES, figures, guest, returning, told

SHIPPED = [(kind, name) for kind in PLACES for name in registry_of(kind).shipped if "sata" not in name]
"""But for two that know each other by name."""
MODES: list[dict[str, Any]] = [{}, {"schedule": "timestep"}, {"mode": "training", "batch": 2}, {"sharing": "channel2"}]


@pytest.mark.parametrize("how", MODES, ids=str)
@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_a_guest_that_keeps_its_protocol_changes_no_figure(
    kind: str, name: str, how: dict[str, Any], registered: Callable[..., None], tmp_path: Path
) -> None:
    def found(member: str) -> dict[str, Any] | str:
        try:
            return figures(tmp_path, *BESIDE.get(name, BANDWIDTH), f"{PLACES[kind]}={member}", **how)
        except InputError as error:  # as a shipped one refuses, a guest does
            return str(error).replace("guest", name)

    expected = found(name)
    assert isinstance(expected, dict) or (name in ("skip", "ptb") and how), expected
    registered(kind, guest(kind, name))
    assert found("guest") == expected


@pytest.mark.parametrize("name", registry_of("neuron").shipped)
def test_a_guest_among_neurons_fires_the_same_spikes(
    name: str, registered: Callable[..., None], tmp_path: Path
) -> None:
    expected = figures(tmp_path, *BANDWIDTH, neuron=name, spikes="engine", sharing="channel2")
    registered("neuron", guest("neuron", name))
    assert figures(tmp_path, *BANDWIDTH, neuron="guest", spikes="engine", sharing="channel2") == expected


BASES = {"dataflow": "os", "sparsity": "gate", "memory": "bandwidth", "accounting": "lifsim"}

METHODS = [
    (kind, name)
    for kind in BASES
    for name, what in vars(registry_of(kind).protocol).items()
    if callable(what) and not name.startswith("_")
]
NEURON = [name for name, what in vars(NeuronModel).items() if callable(what) and not name.startswith("_")]
RIGHT = {("refusal", "text"), ("cannot_be_undone", "text"), ("linear", "None")}
"""What is an answer."""


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize(("kind", "method"), METHODS)
def test_whatever_a_method_returns_or_raises_is_told_as_its_member_s(
    kind: str, method: str, bad: str, registered: Callable[..., None], tmp_path: Path
) -> None:
    if (method, bad) in RIGHT:
        return
    registered(kind, guest(kind, BASES[kind], **{method: BAD[bad]}, **OVERRIDDEN_WITH.get(method, {})))
    chosen = [*BANDWIDTH, "lif.overlapped=true", f"{PLACES[kind]}=guest"]
    if not told(lambda: figures(tmp_path, *chosen), method):
        told(lambda: figures(tmp_path, *chosen, mode="training", batch=1), method)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("method", NEURON)
def test_whatever_a_neuron_returns_or_raises_is_told_as_its_own(
    method: str, bad: str, registered: Callable[..., None], tmp_path: Path
) -> None:
    if (method, bad) in RIGHT:
        return
    vectorised = {} if method == "compiled" else {"compiled": returning(None)}
    registered("neuron", guest("neuron", "lif", **{method: BAD[bad]}, **vectorised))
    if not told(lambda: figures(tmp_path, *BANDWIDTH, neuron="guest", spikes="engine"), method):
        training = {"mode": "training", "batch": 1, "bptt": "reversed"}
        told(lambda: figures(tmp_path, *BANDWIDTH, neuron="guest", **training), method)


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt("from outside"), Interruption("so"), MemoryError("all"), InputError("words of its own")]
)
def test_what_ends_a_run_and_what_is_told_in_words_passes(
    error: BaseException, registered: Callable[..., None], tmp_path: Path
) -> None:
    def raising(*_: Any) -> None:
        raise error

    registered("sparsity", guest("sparsity", "gate", require=raising))
    with pytest.raises(type(error), match=str(error)):
        figures(tmp_path, *BANDWIDTH, "array.sparsity=guest")


def test_what_only_explaining_asks_is_told_there(
    registered: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "net.yaml").write_text(NET.replace("NEURON", "lif").replace("CONV", "conv"))
    registered("dataflow", guest("dataflow", "os", words=BAD["None"]))
    registered("sparsity", guest("sparsity", "gate", fills=BAD["text"]))
    chosen = ["explain", "--workload", str(tmp_path / "net.yaml"), "--layer", "deep", "--set", "dram.model=ideal"]
    for kind, words in (
        ("dataflow", "words: must return a FoldWords, returned None"),
        ("sparsity", "fills: must return"),
    ):
        assert main([*chosen, "--set", f"{PLACES[kind]}=guest"]) == 2
        assert f"member guest (guests) {words}" in capsys.readouterr().err


def test_what_is_asked_of_such_members_alone_is_looked_at(registered: Callable[..., None], tmp_path: Path) -> None:
    parts = {"scheduled": False, "count_unscheduled": lambda *_: []}
    registered("accounting", guest("accounting", "lifsim", **parts))
    with pytest.raises(InputError, match=r"count_unscheduled: must return counts of conv, deep, fc, in this order"):
        figures(tmp_path, "dram.model=ideal", "accounting=guest")
    registered("memory", guest("memory", "bandwidth", player=BAD["text"]))
    with pytest.raises(InputError, match=r"member guest \(guests\) player: must return a Player, returned 'text'"):
        registry_of("memory")["guest"].player()


@pytest.mark.parametrize("name", registry_of("keeping").shipped)
def test_a_guest_among_ways_to_keep_membranes_changes_no_figure(
    name: str, registered: Callable[..., None], tmp_path: Path
) -> None:
    expected = figures(tmp_path, *BANDWIDTH, mode="training", batch=1, bptt=name)
    registered("keeping", guest("keeping", name))
    assert figures(tmp_path, *BANDWIDTH, mode="training", batch=1, bptt="guest") == expected


def test_of_a_member_above_another_each_answers_for_itself(registered: Callable[..., None], tmp_path: Path) -> None:
    """What one inherits of another is its own there, and has one door."""
    above = guest("dataflow", "os", name="above", operands=BAD["nan"])
    registered("dataflow", above)
    registered("dataflow", type("Guest", (above,), {"name": "guest", "__module__": "guests.module"}))
    assert told(lambda: figures(tmp_path, *BANDWIDTH, "array.dataflow=guest"), "operands")
    with pytest.raises(InputError, match=r"^member above \(guests\) operands"):
        figures(tmp_path, *BANDWIDTH, "array.dataflow=above")


def test_what_each_protocol_promises_is_understood() -> None:
    """No annotation is passed over, whose value would be any."""
    for kind in KINDS:
        protocol = registry_of(kind).protocol
        for name, method in vars(protocol).items():
            if inspect.isfunction(method) and not name.startswith("_") and name not in ("constants",):
                hint = get_type_hints(method)["return"]
                assert check_of(hint, Part(Guest("", "", ""), "", "")).__name__ != "_anything", (kind, name)


def test_members_of_lifsim_are_not_wrapped() -> None:
    for kind in KINDS:
        for member in registry_of(kind).shipped.values():
            assert not hasattr(type(member), DOOR), member.name
