"""Are ONNX files that are damaged or hostile refused with the reason, before they take memory, and are good ones
written whole or not at all?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

import lifsim  # noqa: E402
from lifsim.cli.main import main  # noqa: E402
from lifsim.config.workload import load_workload  # noqa: E402
from lifsim.engine.weights import load_weights  # noqa: E402
from lifsim.interchange.onnx import file as onnx_file  # noqa: E402
from lifsim.interchange.onnx import wire  # noqa: E402
from lifsim.neurons.parameters import parameters_of  # noqa: E402
from tests.damage import damaged_bytes, dice  # noqa: E402
from tests.interchange.onnx_models import Model  # noqa: E402

SAMPLE = Path(__file__).parents[2] / "docs" / "samples" / "network.onnx"


def small() -> Any:
    """A convolution, its ReLU, a linear layer."""
    made = Model(["N", 2, 6, 6])
    x = made.add("Flatten", made.add("Relu", made.conv("x", 2, 4, 3)))
    return made.model(made.add("Gemm", x, made.weight(64, 3, name="fc"), name="last"))


def told(data: bytes, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command says of a file that it refuses, reading in a process of its own."""
    path = folder / "bad.onnx"
    path.write_bytes(data)
    assert main(["import", "onnx", str(path), "--timesteps", "2", "--out", str(folder / "o.yaml")]) == 2
    assert not list(folder.glob("o*"))
    return capsys.readouterr().err


def why(model: Any, folder: Path) -> str:
    """The same, in this process."""
    path = folder / "bad.onnx"
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    with pytest.raises(lifsim.InputError) as refused:
        onnx_file.read_here(path)
    return str(refused.value)


def changed(change: Callable[[Any], Any]) -> Any:
    """A good model with something else in it."""
    model = small()
    change(model)
    return model


def weight(model: Any) -> Any:
    return next(one for one in model.graph.initializer if one.name == "fc")


def _foreign(model: Any) -> None:
    model.graph.node[1].domain, model.graph.node[1].name = "com.microsoft", "fused"


def _reversed(model: Any) -> None:
    nodes = [*model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(reversed(nodes))


def _twice(model: Any) -> None:
    model.graph.node[1].output[0] = model.graph.node[0].output[0]


def _as_weights(model: Any) -> None:
    model.graph.node[1].output[0] = "fc"


def _from_nowhere(model: Any) -> None:
    model.graph.node[1].input[0] = "nowhere"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_foreign, ["fused: com.microsoft.Relu is of the domain com.microsoft", "export with ONNX's standard op"]),
        (_reversed, ["last: Gemm reads t2, which Flatten n2 puts out behind it: nodes must stand behind what they read",
                     "n2: Flatten reads t1, which Relu n1 puts out behind it", "sorted): export the model again"]),
        (_twice, ["n1: Relu puts out t0, which Conv n0 puts out, too: names must be of one tensor; export the model"]),
        (_as_weights, ["n1: Relu puts out fc, which an input or initializer is, too"]),
        (_from_nowhere, ["n1: Relu reads nowhere, which nothing puts out: export the model again"]),
    ],
)  # fmt: skip
def test_nodes_that_do_not_fit_together_are_named(
    change: Callable[[Any], Any], words: list[str], tmp_path: Path
) -> None:
    """With their operations and the way out, all at once."""
    said = why(changed(change), tmp_path)
    assert [one for one in words if one not in said] == []
    assert "is no valid ONNX model" not in said


@pytest.mark.parametrize(("size", "shown"), [(0, "0"), (-4, "-4"), (None, "?")])
def test_sizes_that_are_none_are_shown_as_they_stand(size: int | None, shown: str, tmp_path: Path) -> None:
    model = small()
    axis = model.graph.input[0].type.tensor_type.shape.dim[2]
    axis.dim_param = "height"
    if size is not None:
        axis.dim_value = size
    path = tmp_path / "open.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(lifsim.InputError) as refused:
        lifsim.import_onnx(path, 2)
    assert f"{shown}, 6] must have a batch, and behind it fixed sizes" in str(refused.value)


def test_the_command_writes_what_python_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["import", "onnx", str(SAMPLE), "--neurons", "if", "--timesteps", "3", "--threshold", "0.5"]
    assert main(command) == 0
    said = capsys.readouterr()
    monkeypatch.setattr("lifsim.interchange.onnx.api.read_onnx", onnx_file.read_here)
    assert said.out == "written to network_weights.npz\nwritten to network.yaml\n"
    found = lifsim.import_onnx(SAMPLE, 3, neurons="if", threshold=0.5)
    assert [f"note: {note}" for note in found.notes] == said.err.splitlines()
    written = load_workload("network.yaml")
    assert written == found.network
    kept = load_weights(tmp_path / "network_weights.npz", written)
    assert all(np.array_equal(kept[name], array) for name, array in found.weights.items())
    assert main(command) == 0
    assert "holds this already" in capsys.readouterr().out
    assert main([*command, "--reset", "hard"]) == 2
    assert "--force" in capsys.readouterr().err
    assert load_workload("network.yaml") == found.network
    assert main([*command, "--reset", "hard", "--force"]) == 0
    assert load_workload("network.yaml").lifs[0].neuron.reset == "hard"


def test_notes_say_what_became_what_and_what_is_not_claimed() -> None:
    said = " ".join(lifsim.import_onnx(SAMPLE, 3).notes)
    for words in (
        "opset 17: 3 Conv are conv, 3 BatchNormalization are batch norm, 3 Relu are lif, 1 MaxPool is max_pool",
        "neurons of the model lif, tau 1.33333, threshold 1, reset soft, u_reset 0, decay_input true, fires at",
        "the input is direct over 3 timesteps",
        "thresholds are not calibrated and weights not balanced",
    ):
        assert words in said


@pytest.mark.parametrize("options", [["--rate", "0.15"], ["--spikes", "engine", "--weights", "n_weights.npz"]])
def test_what_is_imported_is_checked_and_runs_at_once(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lifsim.interchange.onnx.api.read_onnx", onnx_file.read_here)
    assert main(["import", "onnx", str(SAMPLE), "--timesteps", "2", "--out", "n.yaml"]) == 0
    assert main(["check", "n.yaml"]) == 0
    np.savez("images.npz", x=np.random.default_rng(0).random((2, 1, 16, 16)))
    images = ["--images", "images.npz"] if "engine" in options else []
    assert main(["run", "--workload", "n.yaml", *options, *images, "--sharing", "channel2", "--out", "r"]) == 0
    assert "n, T=2" in capsys.readouterr().out


def test_a_workload_has_every_parameter_of_its_neurons() -> None:
    for model, own in (("lif", "tau"), ("if", "u_reset"), ("cuba_lif", "tau_syn")):
        found = lifsim.import_onnx(SAMPLE, 2, neurons=model, reset="hard")
        keys = found.network.definition["neuron"]
        assert keys.keys() == {"model", *parameters_of(type(found.network.lifs[0].neuron))}
        assert own in keys
        assert all(f"{key} " in found.notes[0] for key in keys if key != "model")


def test_saving_replaces_neither_its_source_nor_other_files(tmp_path: Path) -> None:
    found = lifsim.import_onnx(SAMPLE, 2)
    path = tmp_path / "a" / "net.yaml"
    assert [one.path.name for one in found.save(path)] == ["net_weights.npz", "net.yaml"]
    assert load_workload(str(path)).name == "net"
    path.write_text("mine")
    weights = path.with_name("net_weights.npz")
    weights.unlink()
    with pytest.raises(lifsim.InputError, match="must not be overwritten"):
        found.save(path)
    assert not weights.exists()
    with pytest.raises(lifsim.InputError, match="which is read"):
        found.save(tmp_path / "b.yaml", SAMPLE, force=True)
    with pytest.raises(lifsim.InputError, match="must be the name of a file"):
        found.save("")
    assert path.read_text() == "mine"
    assert not (tmp_path / "b.yaml").exists()


def test_without_the_library_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "find_spec", lambda _: None)
    with pytest.raises(lifsim.InputError, match=r'pip install "lifsim\[onnx\]"'):
        lifsim.import_onnx(SAMPLE, 2)


def test_files_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = small().SerializeToString()
    assert "bad.onnx" in told(whole[:-1], tmp_path, capsys)
    for cut in range(0, len(whole), 7):
        assert why(whole[:cut], tmp_path)
    for data in (b"", b"name: x\n", b"\x89HDF\r\n\x1a\n", b"\0" * 100, b"\xff" * 100, SAMPLE.read_bytes()[::-1]):
        assert "ONNX" in why(data, tmp_path)
    with pytest.raises(lifsim.InputError, match="cannot be read: No such file"):
        onnx_file.read_here(tmp_path / "absent.onnx")
    with pytest.raises(lifsim.InputError, match="cannot be read: Is a directory"):
        onnx_file.read_here(tmp_path)


def test_sizes_are_checked_before_anything_is_made_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes of two bytes each, and bytes that a parser would make objects of."""
    graph = b"\x0a\x00" * 200_000  # empty nodes
    bomb = b"\x3a" + _varint(len(graph)) + graph
    monkeypatch.setattr(wire, "MAX_FIELDS", 100_000)
    monkeypatch.setattr("onnx.ModelProto.FromString", None)
    assert "has a graph of more than 100000 entries" in why(bomb, tmp_path)
    text = small()
    text.graph.node[0].doc_string = "x" * 100_000
    monkeypatch.setattr(wire, "MAX_GRAPH_BYTES", 50_000)
    assert "bytes beside its weights, must have at most 50000" in why(text, tmp_path)
    monkeypatch.setattr(onnx_file, "MAX_BYTES", 1000)
    assert "must have at most 1000 bytes" in why(text, tmp_path)


def test_numbers_of_weights_are_no_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_GRAPH_BYTES", 3000)
    model = changed(lambda m: weight(m).CopyFrom(onnx.numpy_helper.from_array(np.ones((64, 300), np.float32), "fc")))
    assert len(model.SerializeToString()) > 60_000
    (tmp_path / "good.onnx").write_bytes(model.SerializeToString())
    assert onnx_file.read_here(tmp_path / "good.onnx").constants["fc"].shape == (64, 300)
    many = changed(lambda m: m.graph.initializer[0].int64_data.extend([1] * 5000))
    assert "beside its weights" in why(many, tmp_path)


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def _dims(*sizes: int) -> Callable[[Any], Any]:
    return lambda model: weight(model).dims.__setitem__(slice(None), sizes)


def _external(location: str, **keys: str) -> Callable[[Any], Any]:
    def change(model: Any) -> None:
        tensor = weight(model)
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in {"location": location, **keys}.items():
            tensor.external_data.add(key=key, value=value)

    return change


def _clear(model: Any) -> None:
    weight(model).ClearField("raw_data")


HOSTILE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "huge": (_dims(1 << 40, 1 << 40), "must come to at most 536870912 elements"),
    "larger than stored": (_dims(64, 300), "[64, 300] of FLOAT cannot be in the 768 bytes that are stored of it"),
    "axes": (_dims(*[1 << 62] * 20_000), "has 20000 axes, must have at most 8"),
    "negative": (_dims(-64, -3), "[-64, -3] must come to at most"),
    "empty": (_clear, "cannot be in the 0 numbers that are stored"),
    "listed": (lambda m: (_clear(m), weight(m).float_data.extend([1.0] * 7)), "in the 7 numbers that are stored"),
    "text": (lambda m: setattr(weight(m), "data_type", 8), "is of type STRING"),
    "unknown type": (lambda m: setattr(weight(m), "data_type", 99), "is of type unknown, must be of FLOAT, DOUBLE"),
    "segment": (lambda m: setattr(weight(m).segment, "begin", 1), "must not be a segment"),
    "above": (_external("../x.bin"), "must lie in a file beside the model, not in '../x.bin'"),
    "absolute": (_external("/etc/passwd"), "not in '/etc/passwd'"),
    "windows": (_external("C:\\x.bin"), "must lie in a file beside the model"),
    "folder": (_external("."), "must lie in a file beside the model"),
    "nameless": (_external(""), "must lie in a file beside the model"),
    "link": (_external("link.bin"), "'link.bin' is a link to somewhere else"),
    "absent": (_external("absent.bin"), "cannot be read from beside the model: No such file"),
    "short": (_external("x.bin"), "it has 16 bytes, not 768"),
    "behind": (_external("x.bin", offset="-8"), "from 0 on, is 768 from -8 on"),
    "part": (_external("x.bin", length="16"), "must be 768 bytes of 'x.bin'"),
    "words": (_external("x.bin", offset="a"), "at whole numbers of bytes"),
    "old": (lambda m: setattr(m.opset_import[0], "version", 6), "opset: 6 must be 7 to"),
    "new": (lambda m: setattr(m.opset_import[0], "version", 9999), "opset: 9999 must be 7 to"),
    "no opset": (lambda m: m.ClearField("opset_import"), "opset: none must be 7 to"),
    "functions": (lambda m: m.functions.add(name="f"), "functions: must have no functions of its own"),
    "sparse": (lambda m: m.graph.sparse_initializer.add(), "must have no sparse initializers"),
    "no nodes": (lambda m: m.graph.ClearField("node"), "or one without nodes"),
    "cycle": (lambda m: m.graph.node[0].input.__setitem__(0, "t2"), "which Flatten n2 puts out behind it"),
    "twice": (lambda m: m.graph.node[1].output.__setitem__(0, "t0"), "which Conv n0 puts out, too"),
    "no such operation": (lambda m: setattr(m.graph.node[1], "op_type", "Quantum"), "is no valid ONNX model"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_models(name: str, tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"0" * 16)
    (tmp_path / "link.bin").symlink_to("/etc/passwd")
    change, words = HOSTILE[name]
    assert words in why(changed(change), tmp_path)


def test_weights_beside_the_model_are_read(tmp_path: Path) -> None:
    model, path = small(), tmp_path / "beside.onnx"
    whole = onnx_file.read_here(_written(model, tmp_path / "whole.onnx"))
    onnx.save(model, path, save_as_external_data=True, location="beside.bin", size_threshold=0)
    assert (tmp_path / "beside.bin").stat().st_size > 700
    found = onnx_file.read_here(path)
    assert found.constants.keys() == whole.constants.keys()
    assert all(np.array_equal(found.constants[name], array) for name, array in whole.constants.items())


def _written(model: Any, path: Path) -> Path:
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("kind", ["float16", "float64", "bfloat16", "float_data"])
def test_other_ways_to_store_floats(kind: str, tmp_path: Path) -> None:
    numbers = np.arange(-96, 96, dtype=np.float32).reshape(64, 3) / 4

    def change(model: Any) -> None:
        if kind == "float_data":
            weight(model).CopyFrom(onnx.helper.make_tensor("fc", 1, [64, 3], numbers.ravel()))
        else:
            import ml_dtypes

            own = numbers.astype(ml_dtypes.bfloat16 if kind == "bfloat16" else kind)
            weight(model).CopyFrom(onnx.numpy_helper.from_array(own, "fc"))

    found = onnx_file.read_here(_written(changed(change), tmp_path / "m.onnx")).constants["fc"]
    assert found.dtype == (np.float64 if kind == "float64" else np.float32)
    np.testing.assert_array_equal(found, numbers)


@pytest.mark.parametrize("part", ["name", "op_type", "domain", "input", "output"])
def test_a_name_that_is_no_text_is_refused(part: str, tmp_path: Path) -> None:
    def marked(model: Any) -> None:
        node = model.graph.node[1]
        if part in ("input", "output"):
            getattr(node, part).append("abcd")
        else:
            setattr(node, part, "abcd")

    data = changed(marked).SerializeToString()
    assert data.count(b"abcd") == 1
    assert "is damaged: has a name that is not UTF-8 text" in why(data.replace(b"abcd", b"ab\x94d"), tmp_path)


def test_damaged_bytes_are_imported_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut, flipped, doubled: whatever comes out has words, and no other exception."""
    monkeypatch.setattr("lifsim.interchange.onnx.api.read_onnx", onnx_file.read_here)
    whole, path, refused = SAMPLE.read_bytes(), tmp_path / "damaged.onnx", []
    for seed in range(250):
        path.write_bytes(damaged_bytes(whole, dice(seed)))
        try:
            assert lifsim.import_onnx(path, 2).network.layers
        except lifsim.InputError as error:
            refused.append(error)
    assert 50 < len(refused) < 250
    assert all(fault.message.strip() for error in refused for fault in error.faults)
