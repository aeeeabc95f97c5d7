"""Whatever is damaged of what LIFSim wrote, does it end in words, and never in figures that cannot be?"""

from __future__ import annotations

import csv
import json
import math
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import lifsim
from lifsim.cli.main import main
from lifsim.engine.training.checkpoint import Checkpoint, checkpoint_path, load_checkpoint, save_checkpoint
from lifsim.engine.training.loop import Progressed
from lifsim.engine.training.optimiser import Adam
from lifsim.engine.training.study import open_study
from lifsim.engine.weights import weight_shapes
from lifsim.errors import InputError
from lifsim.model.sharing import Sharing
from lifsim.report.figures import fig9_breakdown
from lifsim.report.save import save
from lifsim.report.stored import read_summaries
from lifsim.report.study_table import rows
from lifsim.report.sweep_table import Selection, print_table, selected
from lifsim.simulate.inputs import load_config
from lifsim.sweeps.export import export, table_of
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.points import Points
from lifsim.sweeps.store import Store
from tests.damage import as_json, damaged_bytes, damaged_tree, dice
from tests.engine.build import Builder

MUTANTS = {"summary": 60, "store": 100, "configuration": 40, "study": 100, "checkpoint": 100}


@pytest.fixture(scope="module")
def result() -> lifsim.Result:
    return lifsim.run(workload="lenet5_mnist")


def _told(read: Callable[[], Any]) -> Any:
    """What `read` gives, or its refusal. Anything else that it raises fails the test."""
    try:
        return read()
    except InputError as error:
        return error


def _share_refused(outcomes: list[Any]) -> float:
    return sum(isinstance(outcome, InputError) for outcome in outcomes) / len(outcomes)


def _numbers(tree: Any) -> Iterator[float]:
    if isinstance(tree, dict | list):
        for value in tree.values() if isinstance(tree, dict) else tree:
            yield from _numbers(value)
    elif isinstance(tree, int | float):
        yield tree


def _are_figures(tree: Any) -> bool:
    return all(math.isfinite(number) and number >= 0 for number in _numbers(tree))


def test_damaged_summaries(result: lifsim.Result, tmp_path: Path) -> None:
    save(result, tmp_path / "r", replace=False)
    path, rng = tmp_path / "r" / "summary.json", dice(1)
    tree, data, found = json.loads(path.read_text()), path.read_bytes(), []
    for number in range(MUTANTS["summary"]):
        path.write_bytes(damaged_bytes(data, rng) if number % 2 else as_json(damaged_tree(tree, rng), rng))
        found.append(_told(lambda: fig9_breakdown.table(read_summaries([tmp_path / "r"]))))
        assert isinstance(found[-1], InputError) or _are_figures(found[-1].to_dict("records"))
    assert 0.8 < _share_refused(found) < 1


def test_damaged_stores(result: lifsim.Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, rng, about, found = tmp_path / "s", dice(2), {"axis array.rows": "8, 16"}, []
    with Store.create_or_open(path, about) as store:
        for point in range(10):
            store.add(Outcome(point, f"{point:064x}", result.totals.figures), {"array.rows": point, "sharing": "none"})
        store.add(Outcome(10, "f" * 64, None, "broken"), {"array.rows": 10, "sharing": "none"})
    data = path.read_bytes()

    def read() -> list[dict[str, Any]]:
        with Store.read(path) as opened:
            table = table_of(opened)
            opened.errors()
            for form in ("csv", "json", "parquet"):
                export(opened, form, BytesIO())
        print_table(selected(Points.of(table), Selection(top=5)))
        with Store.create_or_open(path, about) as opened:
            opened.points()
            opened.add(Outcome(11, "e" * 64, result.totals.figures), {"array.rows": 11, "sharing": "none"})
        return table

    for number in range(MUTANTS["store"]):
        for log in tmp_path.glob("s-*"):
            log.unlink()
        path.write_bytes(damaged_bytes(data, rng) if number % 2 else data)
        if not number % 2:
            _change_a_cell(path, rng)
        found.append(_told(read))
        assert isinstance(found[-1], InputError) or _are_figures([{**row, "error": 0} for row in found[-1]])
    assert 0.5 < _share_refused(found) < 1
    capsys.readouterr()


def test_a_store_whose_own_schema_is_no_text_is_told(tmp_path: Path) -> None:
    """SQLite quotes it in its message, which is then no text either."""
    with Store.create_or_open(tmp_path / "s", {}):
        pass
    data = (tmp_path / "s").read_bytes()
    (tmp_path / "s").write_bytes(data.replace(b"CREATE TABLE points (", b"CREATE TABLE point \xa0("))
    with pytest.raises(InputError, match="is damaged"):
        Store.read(tmp_path / "s")


def _change_a_cell(path: Path, rng: random.Random) -> None:
    connection = sqlite3.connect(path)
    columns = [("about", "value"), ("layouts", "names"), ("words", "value")]
    columns += [("points", name) for name in ("point", "layout", "row", "error")]
    table, column = rng.choice(columns)
    ((old,),) = connection.execute(f"SELECT {column} FROM {table} LIMIT 1").fetchall()  # noqa: S608
    value: Any = rng.choice((-1, 1.5, "x", b"\xff\x00", "", 2**62))
    if column in ("names", "value") and rng.random() < 0.8:
        value = as_json(damaged_tree([json.loads(old)], rng), rng).decode(errors="replace")
    with suppress(sqlite3.IntegrityError):
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} IS ?", (value, old))  # noqa: S608
    connection.commit()
    connection.close()


def test_damaged_configurations(result: lifsim.Result, tmp_path: Path) -> None:
    save(result, tmp_path / "r", replace=False)
    path, rng, found = tmp_path / "r" / "config.resolved.yaml", dice(3), []
    data = path.read_bytes()
    tree = yaml.safe_load(data)
    for number in range(MUTANTS["configuration"]):
        path.write_bytes(damaged_bytes(data, rng) if number % 2 else as_json(damaged_tree(tree, rng), rng))
        found.append(_told(lambda: load_config(path)))
    assert 0.5 < _share_refused(found) < 1


def test_damaged_studies(tmp_path: Path) -> None:
    trial = {"sharing": "none", "seed": 0, "accuracy": 0.5, "spike_rate": 0.25, "active_share": 1.0}
    trials = [trial | {"rates": {"lif1": 0.25}, "weights": "none-seed0.npz"}]
    trials.append(trials[0] | {"sharing": "layer", "seed": 1, "weights": "layer-seed1.npz"})
    setting = {"workload": "digits_cnn", "set": ["timesteps=2"], "data": "digits", "recipe": {"epochs": 3}}
    path, rng, found = tmp_path / "study.json", dice(4), []
    data = json.dumps({"setting": setting, "trials": trials}, indent=1).encode()
    for number in range(MUTANTS["study"]):
        tree = damaged_tree({"setting": setting, "trials": trials}, rng)
        path.write_bytes(damaged_bytes(data, rng) if number % 2 else as_json(tree, rng))
        found.append(_told(lambda: rows(open_study(tmp_path).trials)))
        assert isinstance(found[-1], InputError) or _are_figures(found[-1])
    assert 0.5 < _share_refused(found) < 1


def test_damaged_checkpoints(tmp_path: Path) -> None:
    net = Builder((1, 6, 6), 2).conv("conv1", 2).lif("lif1").linear("fc", 2).network()
    weights = {name: np.ones(shape, np.float32) for name, shape in weight_shapes(net).items()}
    gradients = {name: value for name, value in weights.items() if "running" not in name}
    out, rng, found = tmp_path / "w.npz", dice(5), []
    settings = {"epochs": 4, "sharing": str(Sharing()), "optimiser": {"kind": "adam"}}
    _, memory = Adam().step(weights, gradients, {}, 0.1)
    save_checkpoint(out, Checkpoint(Progressed(1, weights, memory), settings))
    path = checkpoint_path(out)
    data = path.read_bytes()
    assert load_checkpoint(out, net, settings).epoch == 1
    for number in range(MUTANTS["checkpoint"]):
        if number % 2:
            path.write_bytes(damaged_bytes(data, rng))
        else:
            _change_an_array(path, data, rng)

        def go_on() -> Any:
            now = load_checkpoint(out, net, settings)
            return Adam().step(now.weights, gradients, now.memory, 0.1)

        found.append(_told(go_on))
        if not isinstance(found[-1], InputError):
            assert all(np.isfinite(array).all() for part in found[-1] for array in part.values())
    assert 0.7 < _share_refused(found) < 1


def _change_an_array(path: Path, data: bytes, rng: random.Random) -> None:
    path.write_bytes(data)
    with np.load(path) as archive:
        arrays = dict(archive)
    name = rng.choice(sorted(arrays))
    if name == "header":
        tree = damaged_tree([json.loads(arrays[name].tobytes())], rng)
        arrays[name] = np.frombuffer(as_json(tree[0], rng), np.uint8)
    else:
        match rng.randrange(5):
            case 0:
                del arrays[name]
            case 1:
                arrays[f"{name}x"] = arrays.pop(name)
            case 2:
                arrays[name] = arrays[name] * np.nan
            case 3:
                arrays[name] = -arrays[name]
            case _:
                arrays[name] = arrays[name].astype(rng.choice((np.int8, np.bool_, np.float16))).reshape(-1)[:1]
    np.savez(path, **arrays)


def test_the_commands_say_it_too(result: lifsim.Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A handful through the commands themselves: 0 or 2, and no figure drawn from nothing."""
    save(result, tmp_path / "r", replace=False)
    path, out, rng = tmp_path / "r" / "summary.json", tmp_path / "a.png", dice(6)
    tree = json.loads(path.read_text())
    for _ in range(4):
        path.write_bytes(as_json(damaged_tree(tree, rng), rng))
        status = main(["plot", "fig9", "--part", "top", str(tmp_path / "r"), "--out", str(out), "--force"])
        told = capsys.readouterr().err
        assert status in (0, 2)
        assert "internal" not in told
        if status == 0:
            with out.with_suffix(".csv").open() as file:
                assert all(float(v) >= 0 for row in csv.DictReader(file) for k, v in row.items() if k.endswith("_pj"))
