"""Do imported NIR graphs put out what the frameworks that wrote them make of them?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nir = pytest.importorskip("nir", reason="nir is not installed")
pytest.importorskip("nirtorch", reason="nirtorch is not installed")

from lifsim.cli.main import main  # noqa: E402
from lifsim.config.workload import load_workload  # noqa: E402
from lifsim.engine.inference import Engine  # noqa: E402
from lifsim.engine.weights import load_weights  # noqa: E402
from lifsim.model.sharing import Sharing  # noqa: E402

T = 20


def imported(path: Path, tmp_path: Path, *options: str) -> Engine:
    out = tmp_path / "net.yaml"
    assert main(["import", "nir", str(path), "--timesteps", str(T), "--out", str(out), *options]) == 0
    network = load_workload(str(out))
    return Engine(network, Sharing.parse("none"), load_weights(tmp_path / "net_weights.npz", network))


def test_norse(reference: Path, tmp_path: Path) -> None:
    norse = pytest.importorskip("norse.torch", reason="Norse is not installed")
    path = reference / "peers" / "nir" / "lif_norse.nir"
    model = norse.from_nir(nir.read(path), dt=0.001)
    x = (np.random.default_rng(0).random((T, 3, 1)) < 0.3).astype(np.uint8)
    state, expected = None, []
    with torch.no_grad():
        for one in torch.tensor(x, dtype=torch.float32):
            out, state = model(one, state)
            expected.append(out.numpy())
    assert np.any(expected)
    assert not np.all(expected)
    np.testing.assert_array_equal(imported(path, tmp_path, "--dt", "0.001").run(x).outputs, np.stack(expected))


def test_sinabs(reference: Path, tmp_path: Path) -> None:
    """With one spike a timestep, which is not what sinabs makes of IF by itself."""
    pytest.importorskip("sinabs", reason="sinabs is not installed")
    from sinabs.activation import SingleSpike
    from sinabs.layers import IAFSqueeze
    from sinabs.nir import from_nir

    path = reference / "peers" / "nir" / "cnn_sinabs.nir"
    model = from_nir(nir.read(path), batch_size=2)
    for module in model.modules():
        if isinstance(module, IAFSqueeze):
            module.spike_fn, module.min_v_mem = SingleSpike, None
    x = (np.random.default_rng(0).random((T, 2, 2, 34, 34)) < 0.3).astype(np.uint8)
    flat = torch.tensor(x, dtype=torch.float32).movedim(0, 1).flatten(0, 1)
    with torch.no_grad():
        out = model(flat)
    expected = (out[0] if isinstance(out, tuple) else out).unflatten(0, (2, T)).movedim(1, 0).numpy()
    assert expected.any()
    np.testing.assert_array_equal(imported(path, tmp_path, "--reset", "soft").run(x).outputs, expected)
