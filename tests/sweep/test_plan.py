"""Is a sweep refused before it begins where no `--set` could do what it asks, and told where the fault stands?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lifsim.errors import InputError
from lifsim.sweeps.plan import Plan, plan
from lifsim.sweeps.request import options_document, read_request

SMALL = {"workload": ["lenet5_mnist"]}


def _plan(given: dict[str, Any] | None = None, *vary: str, overrides: tuple[str, ...] = ()) -> Plan:
    return plan(read_request(None, options_document(SMALL | (given or {}), overrides, vary)))


def _from_file(folder: Path, text: str) -> Plan:
    file = folder / "sweep.yaml"
    file.write_text(text)
    return plan(read_request(file, options_document({}, (), ())))


def test_points_come_in_the_order_of_the_axes() -> None:
    made = _plan({"sharing": ["none", "C#2"], "batch": [1, 2]}, "array.rows=8,16", "array.cols=4:8:x2")
    space = made.job.space
    assert [axis.key for axis in space.axes] == ["workload", "batch", "arch", "sharing", "array.rows", "array.cols"]
    assert len(made.points) == space.points == 16
    assert space.at(0) == {
        "workload": "lenet5_mnist", "batch": 1, "arch": "sata128", "sharing": "none", "array.rows": 8, "array.cols": 4,
    }  # fmt: skip
    assert space.at(5)["sharing"] == "channel2"


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ("bufers.weight.size_bytes=1,2", "did you mean 'buffers'"),
        ("buffers.wieght.size_bytes=1,2", "did you mean 'weight'"),
        ("array.rows=0,8", "--vary array.rows: 0 must be >= 1"),
        ("array.rows=8:100000", "100000 must be <= 65536"),
        ("array.rows=8.5", "must be a whole number"),
        ("array.dataflow=os,wx", "'wx' must be one of is, os, row_stationary, sata, ws"),
        ("buffers.weight.size_bytes=-1,8", "must be"),
        ("layers.conv9.filters=1,2", "conv9"),
        ("batch=0,1", "--vary batch: 0 must be >= 1"),
        ("array.rows", "must have the form key.path=value"),
        ("array.rows=8:1", "is empty"),
        ("sharing=none,layer", "must be given once, as --sharing or as --vary"),
    ],
)
def test_an_axis_that_no_set_could_name_is_refused(vary: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        _plan(None, vary)
    assert message in str(error.value)


def test_an_axis_is_given_once_and_its_key_not_set_besides(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--vary array.rows=9: must be given once, with all its values"):
        _plan(None, "array.rows=8", "array.rows=9")
    with pytest.raises(InputError, match=r"--set array.rows: must not be given beside the axis of that key"):
        _plan(None, "array.rows=8,9", overrides=("array.rows=4", "array.cols=4"))
    file = tmp_path / "sweep.yaml"
    file.write_text("set: {array.cols: 4, array.rows: 8}\nvary: {array.rows: [4, 8]}\n")
    with pytest.raises(InputError, match=r"sweep.yaml:1:22 array.rows: must not be given beside the axis"):
        read_request(file, options_document({}, (), ()))
    file.write_text("set: {array.rows: 8}\n")  # an option takes the place of the file's key
    read_request(file, options_document({}, (), ("array.rows=4,9",)))


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InputError) as error:
        _plan(
            {"arch": ["sata182"], "sharing": ["chanel2"], "batch": ["x"], "trace": "absent.npz"},
            "array.rows=0", "bufers.x=1",
            overrides=("clock_hz=-1", "nonsense=1"),
        )  # fmt: skip
    for part in ("sata128", "channel2", "batch", "absent.npz", "buffers", "nonsense"):
        assert part in str(error.value)


def test_values_that_only_together_break_a_rule_are_left_to_their_points() -> None:
    made = _plan(None, "array.dataflow=os,ws", "array.sparsity=none,skip")
    assert len(made.points) == 4


def test_a_file_says_the_same_as_options(tmp_path: Path) -> None:
    text = """
workload: lenet5_mnist
sharing: [none, channel2]
batch: [1, 2]
set: {array.cols: 4}
vary:
  array.rows: 8,16
  buffers.membrane.size_bytes: 8KiB:32KiB:x2
"""
    options = _plan(
        {"sharing": ["none", "channel2"], "batch": [1, 2]},
        "array.rows=8,16", "buffers.membrane.size_bytes=8KiB:32KiB:x2",
        overrides=("array.cols=4",),
    )  # fmt: skip
    assert _from_file(tmp_path, text).job.description() == options.job.description()


def test_options_beside_a_file_take_the_place_of_its_keys(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text("workload: lenet5_mnist\nsharing: layer\nvary: {array.rows: 1:4, array.cols: 8}\n")
    made = plan(read_request(file, options_document({"sharing": ["none"]}, (), ("array.rows=2,4",))))
    assert [str(axis.values) for axis in made.job.space.axes] == ['"lenet5_mnist"', '"sata128"', '"none"', "2, 4", "8"]


def test_faults_of_a_file_are_told_with_their_places(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        _from_file(
            tmp_path, "workload: lenet5_mnist\nvary:\n  array.rows: [0, 8]\n  bufers.x: 1\nset:\n  clock_hz: -1\n"
        )
    faults = str(error.value)
    assert "sweep.yaml:3:3 array.rows: 0 must be >= 1" in faults
    assert "sweep.yaml:4:3 bufers.x: " in faults
    assert "sweep.yaml:6:3 clock_hz: -1 must be > 0" in faults
    with pytest.raises(InputError, match=r"sweep.yaml:2:1 vry: is not a known key; did you mean 'vary'"):
        _from_file(tmp_path, "workload: lenet5_mnist\nvry: {}\n")
