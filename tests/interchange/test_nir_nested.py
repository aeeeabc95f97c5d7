"""Are graphs of NIR within graphs flattened, and is refused, with the way out, what LIFSim has not?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

h5py = pytest.importorskip("h5py", reason="h5py is not installed")
nir = pytest.importorskip("nir", reason="nir is not installed")

from lifsim.config.document import Document, Mark  # noqa: E402
from lifsim.config.workload import parse_workload  # noqa: E402
from lifsim.engine.inference import Engine  # noqa: E402
from lifsim.engine.weights import checked_weights  # noqa: E402
from lifsim.errors import InputError  # noqa: E402
from lifsim.interchange.nir_file import read_here  # noqa: E402
from lifsim.interchange.nir_in import Unsaid, workload_from_nir  # noqa: E402
from lifsim.interchange.nir_neurons import Step  # noqa: E402
from lifsim.model.sharing import Sharing  # noqa: E402
from tests.interchange.test_nir import AFFINE, PLAIN, T, bomb, chain, graph_of, many, spikes  # noqa: E402
from tests.oracles import nir_graph  # noqa: E402


def imported(path: Path) -> Engine:
    """The engine of a graph, read by the process of the test."""
    found, arrays = workload_from_nir(read_here(path), "g", "bad.nir", Unsaid(T, "event", Step(1e-4, hard=True)))
    network = parse_workload(Document("g.yaml", found.data, {(): Mark("g.yaml")}))
    return Engine(network, Sharing.parse("none"), checked_weights(network, arrays, "g.nir"))


def refusal(graph: Any, tmp_path: Path) -> str:
    """What is wrong with a graph."""
    path = tmp_path / "bad.nir"
    nir.write(path, graph)
    with pytest.raises(InputError) as refused:
        imported(path)
    return str(refused.value)


LEAKING = nir.LI(tau=np.ones(3), r=np.ones(3), v_leak=np.zeros(3))
LATE = nir.Delay(np.full(3, 0.1))


@pytest.mark.parametrize(
    ("nodes", "named", "way_out"),
    [
        (
            (AFFINE, nir.Threshold(np.ones(3))),
            "n1: Threshold has no state",
            "Use LIF or IF, or add a neuron model (entry point lifsim.neurons)",
        ),
        (
            (AFFINE, PLAIN, LATE, AFFINE),
            "n2: Delay must be of 0 s",
            "leave it out, or set it to 0",
        ),
        (
            (AFFINE, LEAKING, AFFINE),
            "n2: Affine must not read n1",
            "use one that fires",
        ),
        (
            (AFFINE, nir.CubaLI(np.ones(3), np.ones(3), np.ones(3), np.zeros(3)), AFFINE, PLAIN),
            "n2: Affine must not read n1",
            "between layers use one that fires",
        ),
        ((AFFINE, nir.I(np.ones(3)), AFFINE), "n2: Affine must not read n1", "use one that fires"),
    ],
)
def test_what_lifsims_neurons_cannot_do_is_refused_with_the_way_out(
    nodes: tuple[Any, ...], named: str, way_out: str, tmp_path: Path
) -> None:
    said = refusal(chain(*nodes), tmp_path)
    assert way_out in said
    assert named in said


def test_a_delay_of_nothing_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "g.nir"
    nir.write(path, chain(AFFINE, PLAIN, nir.Delay(np.zeros(3)), AFFINE))
    assert [one.name for one in imported(path).network.nodes[1:]] == ["n0", "n1", "n3"]


@pytest.mark.parametrize("common", [True, False])
def test_edges_that_are_scaled_alike_are_summed(common: bool, tmp_path: Path) -> None:
    scale = np.array([0.2, 1.0, 3.0])
    nodes = {
        "input": nir.Input({"input": np.array([3])}),
        "left": nir.Affine(many(3, 3), np.zeros(3)),
        "right": nir.Affine(many(3, 3, seed=5), np.zeros(3)),
        "scaled": nir.Scale(scale),
        "too": nir.Scale(scale if common else 2 * scale),
        "last": nir.IF(r=np.ones(3), v_threshold=np.full(3, 2.9), v_reset=np.zeros(3)),
        "output": nir.Output({"output": np.array([3])}),
    }
    edges = [("input", "left"), ("input", "right"), ("left", "scaled"), ("right", "too")]
    edges += [("scaled", "last"), ("too", "last"), ("last", "output")]
    path, graph = tmp_path / "g.nir", nir.NIRGraph(nodes=nodes, edges=edges, type_check=False)
    if not common:
        assert "fold Scale into the weights in front" in refusal(graph, tmp_path)
        return
    nir.write(path, graph)
    x = spikes((3,))
    expected = nir_graph.run(nodes, edges, x[:, 0].astype(float), 1e-4, True)
    assert np.unique(expected.sum(axis=0)).size > 1
    np.testing.assert_array_equal(imported(path).run(x).outputs[:, 0], expected)


def nested(levels: int) -> Any:
    """The nodes of `graph_of`, those between input and output in so many graphs within each other."""
    graph = graph_of("LIF")
    for level in range(levels):
        inner = f"inner{level}"
        ports = {name: graph.nodes[name] for name in ("input", "output")}
        edges = [("input", inner), (inner, "output")]
        graph = nir.NIRGraph(nodes={**ports, inner: graph}, edges=edges, type_check=False)
    return graph


@pytest.mark.parametrize("levels", [1, 8])
def test_graphs_within_the_graph_are_flattened(levels: int, tmp_path: Path) -> None:
    path, flat = tmp_path / "g.nir", graph_of("LIF")
    nir.write(path, nested(levels))
    engine = imported(path)
    within = "_".join(f"inner{level}" for level in reversed(range(levels)))
    assert engine.network.nodes[1].name == f"{within}_conv"[:56]
    x = spikes((2, 6, 6))
    expected = nir_graph.run(flat.nodes, flat.edges, x[:, 0].astype(float), 1e-4, True)
    assert expected.any()
    np.testing.assert_array_equal(engine.run(x).outputs[:, 0], expected)


def test_what_is_nested_badly_is_told_by_its_name_with_dots(tmp_path: Path) -> None:
    assert "must not lie in more than 8 graphs within each other" in refusal(nested(9), tmp_path)
    inner = chain(AFFINE, nir.Threshold(np.ones(3)))
    assert "bad.nir n0.n1: Threshold has no state" in refusal(chain(inner), tmp_path)
    two = chain(AFFINE, PLAIN)
    two.nodes["more"] = nir.Input({"input": np.array([3])})
    assert "n0: must have one Input, has 2: an edge says the graph, or n0.NODE" in refusal(chain(two), tmp_path)
    loop = chain(AFFINE, PLAIN, edges=[("input", "n0"), ("n0", "n1"), ("n1", "n0"), ("n1", "output")])
    assert "n0.n0, n0.n1, n0.output, output are in or behind one" in refusal(chain(loop), tmp_path)
    edges = [("input", "n0"), ("n0", "n0"), ("n0", "output")]
    assert "LIFSim has no recurrent inputs" in refusal(chain(chain(AFFINE, PLAIN), edges=edges), tmp_path)
    twice = chain(chain(AFFINE, PLAIN), AFFINE)
    twice.nodes["n0.n1"] = PLAIN
    assert "n0.n1: must be the name of one node" in refusal(twice, tmp_path)


def test_a_port_of_several_is_named_by_the_edge(tmp_path: Path) -> None:
    inner = chain(AFFINE, PLAIN)
    inner.nodes["unused"] = nir.Output({"output": np.array([3])})
    inner.edges.append(("n0", "unused"))
    path = tmp_path / "g.nir"
    edges = [("input", "n0"), ("n0.output", "n1"), ("n1", "output")]
    nir.write(path, chain(inner, AFFINE, edges=edges))
    assert [one.name for one in imported(path).network.nodes[1:]] == ["n0_n0", "n0_n1", "n1"]


def test_arrays_that_need_more_memory_than_there_is_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifsim.interchange.nir_file.memory_bytes", lambda: 100)
    assert "must fit into 100 B" in refusal(chain(AFFINE, PLAIN), tmp_path)


@pytest.mark.parametrize(
    ("place", "name", "value", "fault"),
    [
        ("", "edges", np.array([[b"a", b"b", b"c"]]), "edges: must be pairs of nodes, [N, 2], is [1, 3]"),
        ("", "edges", np.array([b"a", b"b"]), "edges: must be pairs of nodes, [N, 2], is [2]"),
        ("", "edges", np.array(3), "edges: must be pairs of nodes, [N, 2], is []"),
        ("", "edges", np.zeros(0), "n0: Affine must be behind the input: no edge leads to it"),
        ("nodes/n0/", "bias", np.ones(7), "n0: Affine bias [7] must be one number for each of 3 outputs"),
        ("nodes/n1/", "v_threshold", np.ones(5), "n1: IF v_threshold [5] must be one number, or one for each of [3]"),
        ("nodes/input/", "shape", np.array([np.nan]), "input: Input of shape [0] must be [F], [C, L] or [C, H, W]"),
        ("nodes/n1/", "r", np.array([1.0, 0, -1]), "n1: IF R and what is multiplied with its inputs must be > 0"),
    ],
)
def test_arrays_of_other_shapes_are_told_by_name(
    place: str, name: str, value: np.ndarray, fault: str, tmp_path: Path
) -> None:
    def change(node: Any) -> None:
        del node[place + name]
        node[place + name] = value

    path = tmp_path / "bad.nir"
    path.write_bytes(bomb(change))
    with pytest.raises(InputError) as refused:
        imported(path)
    assert fault in str(refused.value)


def test_one_number_for_all_neurons_is_one_for_each(tmp_path: Path) -> None:
    def change(node: Any) -> None:
        del node["nodes/n1/v_threshold"], node["nodes/n0/bias"]
        node["nodes/n1/v_threshold"], node["nodes/n0/bias"] = np.ones((1, 1)), np.ones((3, 1))
        del node["nodes/n1/r"]
        node["nodes/n1/r"] = np.array([[0.5], [1], [2]])

    path, whole = tmp_path / "one.nir", tmp_path / "each.nir"
    path.write_bytes(bomb(change))

    def same(node: Any) -> None:
        node["nodes/n0/bias"].write_direct(np.ones(3))
        node["nodes/n1/r"].write_direct(np.array([0.5, 1, 2]))

    whole.write_bytes(bomb(same))
    x = spikes((3,))
    np.testing.assert_array_equal(imported(path).run(x).outputs, imported(whole).run(x).outputs)
