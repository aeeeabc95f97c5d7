"""Do NIR graphs run as their equations say, there and back, and are files refused that are none?"""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

h5py = pytest.importorskip("h5py", reason="h5py is not installed")
nir = pytest.importorskip("nir", reason="nir is not installed")

from lifsim.cli.main import main  # noqa: E402
from lifsim.config.workload import load_workload  # noqa: E402
from lifsim.engine.inference import Engine  # noqa: E402
from lifsim.engine.initial import random_weights  # noqa: E402
from lifsim.engine.weights import load_weights, save_arrays  # noqa: E402
from lifsim.model.sharing import Sharing  # noqa: E402
from tests.oracles import nir_graph  # noqa: E402

T = 6
SAMPLE = Path(__file__).parents[2] / "docs" / "samples" / "network.nir"


def imported(path: Path, tmp_path: Path, *options: str) -> Engine:
    """The engine of an imported graph."""
    out = tmp_path / "net.yaml"
    assert main(["import", "nir", str(path), "--timesteps", str(T), "--out", str(out), "--force", *options]) == 0
    network = load_workload(str(out))
    return Engine(network, Sharing.parse("none"), load_weights(tmp_path / "net_weights.npz", network))


def spikes(shape: tuple[int, ...], rate: float = 0.4, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((T, 1, *shape)) < rate).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "options", "hard"),
    [
        ("lif_norse", ["--dt", "0.001"], True),
        ("lif_norse", ["--dt", "0.001", "--reset", "soft"], False),
        ("cnn_sinabs", ["--reset", "soft"], False),
        ("cnn_sinabs", [], True),
    ],
)
def test_published_graphs(reference: Path, tmp_path: Path, name: str, options: list[str], hard: bool) -> None:
    path = reference / "peers" / "nir" / f"{name}.nir"
    graph, engine = nir.read(path), imported(path, tmp_path, *options)
    x = spikes(engine.network.nodes[0].output.shape)
    expected = nir_graph.run(graph.nodes, graph.edges, x[:, 0].astype(float), 0.001, hard)
    assert expected.any()
    np.testing.assert_array_equal(engine.run(x).outputs[:, 0], expected)


def many(*shape: int, low: float = 0.5, high: float = 1.5, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, shape)


def neuron(kind: str, *shape: int) -> Any:
    """With other parameters in every neuron."""
    ones = np.ones(shape)
    threshold = many(*shape, low=0.1, high=0.3, seed=2)
    match kind:
        case "IF":
            return nir.IF(r=many(*shape), v_threshold=threshold, v_reset=-0.05 * ones)
        case "LIF":
            return nir.LIF(
                tau=many(*shape, low=2e-4, high=5e-4), r=many(*shape, seed=3), v_leak=-0.1 * ones,
                v_threshold=threshold, v_reset=-0.1 * ones,
            )  # fmt: skip
        case _:
            return nir.CubaLIF(
                tau_syn=many(*shape, low=2e-4, high=4e-4), tau_mem=many(*shape, low=2e-4, high=6e-4), r=many(*shape),
                v_leak=0.05 * ones, v_threshold=threshold, v_reset=-0.02 * ones, w_in=many(*shape, low=1, high=2),
            )  # fmt: skip


def graph_of(kind: str) -> Any:
    """A convolution of two groups, sums, scales, and a sum of two edges."""
    weight = many(4, 1, 3, 3, low=-0.4, high=0.8)
    nodes = {
        "input": nir.Input({"input": np.array([2, 6, 6])}),
        "conv": nir.Conv2d((6, 6), weight, (1, 1), (1, 1), (1, 1), 2, many(4, low=0, high=0.1)),
        "first": neuron(kind, 4, 6, 6),
        "pool": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "by_channel": nir.Scale(np.broadcast_to(many(4, 1, 1), (4, 3, 3)).copy()),
        "second": nir.Conv2d((3, 3), many(4, 4, 1, 1, low=-0.2, high=0.4), (1, 1), (0, 0), (1, 1), 1, np.zeros(4)),
        "lif": neuron(kind, 4, 3, 3),
        "flat": nir.Flatten({"input": np.array([4, 3, 3])}, 0, -1),
        "each": nir.Scale(many(36)),
        "left": nir.Affine(many(5, 36, low=-0.1, high=0.2), many(5, low=0, high=0.1)),
        "right": nir.Linear(many(5, 36, low=-0.1, high=0.1, seed=4)),
        "last": neuron(kind, 5),
        "output": nir.Output({"output": np.array([5])}),
    }
    chain = ["input", "conv", "first", "pool", "by_channel", "second", "lif", "flat"]
    edges = [*pairwise(chain), ("flat", "each"), ("each", "left"), ("flat", "right")]
    edges += [("left", "last"), ("right", "last"), ("last", "output")]
    return nir.NIRGraph(nodes=nodes, edges=edges, type_check=False)


@pytest.mark.parametrize("kind", ["IF", "LIF", "CubaLIF"])
def test_every_node(kind: str, tmp_path: Path) -> None:
    graph, path = graph_of(kind), tmp_path / "g.nir"
    nir.write(path, graph)
    engine = imported(path, tmp_path)
    x = spikes((2, 6, 6))
    expected = nir_graph.run(graph.nodes, graph.edges, x[:, 0].astype(float), 1e-4, True)
    assert expected.any()
    np.testing.assert_array_equal(engine.run(x).outputs[:, 0], expected)


@pytest.mark.parametrize(
    "neuron_keys",
    [
        {"model": "lif", "tau": 2.0, "reset": "hard", "fires": "above"},
        {"model": "lif", "tau": 3.0, "reset": "hard", "u_reset": -0.2, "fires": "above", "threshold": 0.6},
        {"model": "lif", "tau": 2.0, "reset": "soft", "fires": "above", "decay_input": False},
        {"model": "if", "reset": "soft", "fires": "above"},
        {"model": "cuba_lif", "reset": "hard", "u_reset": -0.1, "tau_mem": 3.0, "tau_syn": 2.0, "threshold": 0.3},
        {"model": "cuba_lif", "reset": "soft", "decay_input": False},
    ],
)
def test_there_and_back(neuron_keys: dict[str, Any], tmp_path: Path) -> None:
    workload, path = tmp_path / "own.yaml", tmp_path / "own.nir"
    workload.write_text(
        f"""
name: own
timesteps: {T}
input: {{shape: [2, 6, 6], encoding: event}}
neuron: {neuron_keys}
layers:
  - {{name: conv1, op: conv, out: 4, kernel: 3, padding: 1, batch_norm: true}}
  - {{name: lif1, op: lif}}
  - {{name: conv2, op: conv, out: 4, kernel: 3, padding: 1, groups: 2, bias: true}}
  - {{name: sum, op: add, inputs: [conv2, lif1]}}
  - {{name: lif2, op: lif}}
  - {{name: pool, op: avg_pool, kernel: 2}}
  - {{name: fc, op: linear, out: 5, bias: true}}
""".replace("True", "true").replace("False", "false")
    )
    network = load_workload(str(workload))
    weights = {
        name: array * (3 if name.endswith("weight") else 1) for name, array in random_weights(network, 1).items()
    }
    save_arrays(tmp_path / "own.npz", weights)
    assert main(["export", "nir", str(workload), "--weights", str(tmp_path / "own.npz"), "--out", str(path)]) == 0
    engine = imported(path, tmp_path, "--reset", neuron_keys["reset"])
    x = spikes((2, 6, 6))
    expected = Engine(network, Sharing.parse("none"), weights).run(x).outputs
    assert np.unique(expected).size > T
    np.testing.assert_allclose(engine.run(x).outputs, expected, rtol=1e-4, atol=1e-5)
    graph = nir.read(path, type_check=False)
    literal = nir_graph.run(graph.nodes, graph.edges, x[:, 0].astype(float), 1e-4, neuron_keys["reset"] == "hard")
    np.testing.assert_allclose(literal, expected[:, 0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("{name: pool, op: max_pool, kernel: 2}", "NIR has no maximum"),
        ("{name: mean, op: time_mean}", "NIR has no node"),
    ],
)
def test_what_nir_cannot_say_is_refused(
    layer: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workload = tmp_path / "own.yaml"
    workload.write_text(
        f"""
name: own
timesteps: 2
input: {{shape: [2, 6, 6]}}
layers:
  - {{name: conv1, op: conv, out: 4, kernel: 3}}
  - {{name: lif1, op: lif}}
  - {layer}
  - {{name: fc, op: linear, out: 5}}
"""
    )
    save_arrays(tmp_path / "own.npz", random_weights(load_workload(str(workload)), 1))
    command = ["export", "nir", str(workload), "--weights", str(tmp_path / "own.npz"), "--out", str(tmp_path / "o.nir")]
    assert main(command) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "o.nir").exists()


def told(graph: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """What an import that is refused says."""
    path = tmp_path / "bad.nir"
    if isinstance(graph, bytes):
        path.write_bytes(graph)
    else:
        nir.write(path, graph)
    assert main(["import", "nir", str(path), "--timesteps", "2", "--out", str(tmp_path / "o.yaml"), *options]) == 2
    assert not (tmp_path / "o.yaml").exists()
    return capsys.readouterr().err


def chain(*nodes: Any, edges: Any = None) -> Any:
    named = {"input": nir.Input({"input": np.array([3])}), **{f"n{index}": one for index, one in enumerate(nodes)}}
    named["output"] = nir.Output({"output": np.array([3])})
    own = list(pairwise(named)) if edges is None else edges
    return nir.NIRGraph(nodes=named, edges=own, type_check=False)


AFFINE = nir.Affine(np.ones((3, 3)), np.zeros(3))
PLAIN = nir.IF(r=np.ones(3), v_threshold=np.ones(3), v_reset=np.zeros(3))


def test_graphs_that_lifsim_has_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recurrent = [("input", "n0"), ("n0", "n1"), ("n1", "n0"), ("n1", "output")]
    assert "LIFSim has no recurrent inputs" in told(chain(AFFINE, PLAIN, edges=recurrent), tmp_path, capsys)
    assert "has no state" in told(chain(AFFINE, nir.Threshold(np.ones(3))), tmp_path, capsys)
    assert "must be of 0 s" in told(chain(AFFINE, PLAIN, nir.Delay(np.full(3, 0.1))), tmp_path, capsys)
    leaking = nir.LI(tau=np.ones(3), r=np.ones(3), v_leak=np.zeros(3))
    assert "must not read n1, which puts out no spikes" in told(chain(AFFINE, leaking, AFFINE), tmp_path, capsys)
    other = nir.LIF(np.full(3, 1e-3), np.ones(3), np.zeros(3), np.ones(3), np.full(3, -0.1))
    assert "v_reset must be v_leak" in told(chain(AFFINE, other), tmp_path, capsys)
    shifted = nir.LIF(np.full(3, 1e-3), np.ones(3), np.full(3, 0.1), np.ones(3), np.zeros(3))
    assert "v_leak must be 0" in told(chain(AFFINE, shifted), tmp_path, capsys, "--reset", "soft")
    fast = nir.LIF(np.full(3, 5e-5), np.ones(3), np.zeros(3), np.ones(3), np.zeros(3))
    assert "must be > 1" in told(chain(AFFINE, fast), tmp_path, capsys)
    assert "must stand behind a layer" in told(chain(PLAIN), tmp_path, capsys)
    assert "no edge leads to it" in told(chain(AFFINE, PLAIN, edges=[("n0", "n1"), ("n1", "output")]), tmp_path, capsys)


def test_readouts_without_spikes_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "g.nir"
    nir.write(path, chain(AFFINE, PLAIN, AFFINE, nir.LI(tau=np.ones(3), r=np.ones(3), v_leak=np.zeros(3))))
    assert imported(path, tmp_path).network.nodes[-1].name == "n2"
    assert "LI puts out no spikes: left out" in capsys.readouterr().err


def bomb(change: Any) -> bytes:
    """A good file with something else in it."""
    file = io.BytesIO()
    nir.write(file, chain(AFFINE, PLAIN))
    with h5py.File(file, "r+") as opened:
        change(opened["node"])
    return file.getvalue()


def _replace(node: Any, name: str, **options: Any) -> None:
    del node["nodes/n0"][name]
    node["nodes/n0"].create_dataset(name, **options)


def test_hostile_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = bomb(lambda _: None)
    for cut in (0, 10, len(whole) // 2, len(whole) - 1):
        assert "cannot be read" in told(whole[:cut], tmp_path, capsys)
    assert "cannot be read" in told(b"name: x\n", tmp_path, capsys)
    huge = bomb(lambda node: _replace(node, "weight", shape=(1 << 20, 1 << 20), dtype="f4", chunks=(1 << 10, 1 << 10)))
    assert "elements" in told(huge, tmp_path, capsys)
    empty = bomb(lambda node: _replace(node, "weight", shape=(1 << 13, 1 << 13), dtype="f4", chunks=(1 << 10, 1 << 10)))
    assert "cannot be in the 0 bytes that are stored" in told(empty, tmp_path, capsys)

    def link(node: Any) -> None:
        del node["nodes/n0"]["weight"]
        node["nodes/n0"]["weight"] = h5py.ExternalLink("/etc/passwd", "/x")

    assert "is a link to somewhere else" in told(bomb(link), tmp_path, capsys)

    def outside(node: Any) -> None:
        del node["nodes/n0"]["weight"]
        node["nodes/n0"].create_dataset("weight", (3, 3), "f4", external=[("/etc/hostname", 0, h5py.h5f.UNLIMITED)])

    assert "must be in the file itself" in told(bomb(outside), tmp_path, capsys)

    def cycle(node: Any) -> None:
        del node["nodes/n0"]
        node["nodes/n0"] = node

    assert "must not lie in more than 8 graphs within each other" in told(bomb(cycle), tmp_path, capsys)

    def laughs(node: Any) -> None:
        """Ten links to a graph of ten links, and so on: ten million nodes in a few kilobytes."""
        inner = node["nodes/n0"]
        for depth in range(7):
            outer = node.create_group(f"level{depth}")
            outer["type"], outer["edges"] = b"NIRGraph", np.zeros((0, 2), "S1")
            for link in range(10):
                outer[f"nodes/{link}"] = inner
            inner = outer
        node["nodes/laughs"] = inner

    assert "nodes: must be 1 to 4000" in told(bomb(laughs), tmp_path, capsys)
    assert "must be numbers" in told(bomb(lambda node: _replace(node, "weight", data="text")), tmp_path, capsys)
    kinds = bomb(lambda node: _replace(node, "type", data=b"Quantum"))
    assert "is no node that LIFSim reads" in told(kinds, tmp_path, capsys)
    missing = bomb(lambda node: node["nodes/n0"].__delitem__("weight"))
    assert "must have 'weight'" in told(missing, tmp_path, capsys)
    nan = bomb(lambda node: _replace(node, "weight", data=np.full((3, 3), np.nan)))
    assert "not finite" in told(nan, tmp_path, capsys)


def test_a_file_over_which_the_library_crashes_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two bytes of the sample changed: some releases of HDF5 end the process that reads it, others may refuse it."""
    damaged = bytearray(SAMPLE.read_bytes())
    damaged[8345], damaged[60080] = 68, 22
    assert "bad.nir" in told(bytes(damaged), tmp_path, capsys)
