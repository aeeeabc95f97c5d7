"""Is the DRAM device a part of the architecture, however it is given, and are its faults told where they stand?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import lifsim
from lifsim.config.arch import load_arch, parse_arch
from lifsim.config.document import parse_document
from lifsim.config.dram import load_dram
from lifsim.config.resolve import find
from lifsim.errors import InputError
from lifsim.model.arch import Arch

CYCLE = "dram.model=cycle"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def text_with_device(device: Any, **other: Any) -> str:
    document = yaml.safe_load(find("arch", "sata128").read_text())
    document["dram"] = {"model": "cycle", "device": device}
    return yaml.safe_dump(document | other)


def with_device(device: Any, **other: Any) -> Arch:
    return parse_arch(parse_document(text_with_device(device, **other), "own.yaml"))


def test_a_name_a_file_and_the_device_itself_are_one(own_folder: Path) -> None:
    text = find("dram", "hbm2").read_text()
    (own_folder / "mine.yaml").write_text(text)
    given = [with_device(device) for device in ("hbm2", "mine.yaml", "mine", yaml.safe_load(text))]
    assert all(arch == given[0] for arch in given)
    assert given[0].dram.device == load_dram("hbm2")
    assert (
        parse_arch(parse_document(yaml.safe_dump(given[0].model_dump(mode="json", exclude_none=True)), "")) == given[0]
    )


@pytest.mark.parametrize(
    "settings",
    [
        ["dram.device=hbm2", "dram.device.timing.CL=20"],
        ["dram.device.timing.CL=20", "dram.device=hbm2"],
        ["dram.device.timing.CL=20", "dram={model: cycle, device: hbm2}"],
    ],
)
def test_a_key_of_the_device_is_set_whichever_device_is_chosen(settings: list[str]) -> None:
    assert load_arch("sata128", [CYCLE, *settings]).dram.device == load_dram("hbm2", ["timing.CL=20"])


@pytest.mark.parametrize("device", ["nowhere", "broken.yaml", "3"])
def test_a_memory_that_simulates_no_device_looks_at_none(device: str, own_folder: Path) -> None:
    (own_folder / "broken.yaml").write_text("[")
    settings = ["dram.model=ideal", "dram.energy_pj_per_bit=1.0", "dram.source=t"]
    without = load_arch("sata128", settings)
    assert without.dram.device is None
    assert load_arch("sata128", [*settings, f"dram.device={device}", "dram.device.timing.CL=0"]) == without


def test_faults_of_the_device_stand_in_its_file_beside_those_of_the_architecture(own_folder: Path) -> None:
    text = find("dram", "hbm2").read_text()
    assert text.splitlines()[21] == "  CWL: 4"
    (own_folder / "mine.yaml").write_text(text.replace("  CWL: 4", "  CWL: 0\n  CWL: 4").replace("tRP: 14", "tRPP: 14"))
    with pytest.raises(InputError) as refused:
        with_device("mine.yaml", clock_hz=0)
    clock = 1 + text_with_device("mine.yaml", clock_hz=0).splitlines().index("clock_hz: 0")
    places = [(fault.source, fault.line, fault.path) for fault in refused.value.faults]
    assert places == [
        ("own.yaml", clock, "clock_hz"),
        ("mine.yaml", 18, "dram.device.timing.tRP"),
        ("mine.yaml", 22, "dram.device.timing.CWL"),
        ("mine.yaml", 23, "dram.device.timing.CWL"),
        ("mine.yaml", 26, "dram.device.timing.tRPP"),
    ]


@pytest.mark.parametrize(
    ("settings", "faults"),
    [
        (["dram.device=hbm3"], ["'hbm3' must be a file or a shipped DRAM; looked in"]),
        (["dram.device=hbm3", "dram.device.timing.CL=20"], ["'hbm3' must be a file or a shipped DRAM; looked in"]),
        (
            ["dram.device=broken.yaml"],
            ["must be valid YAML", "'broken.yaml' must be a file that can be read as a DRAM"],
        ),
        (["dram.device=list.yaml"], ["must be a mapping of keys"]),
        (["dram.device=3"], ["3 must be a mapping of keys"]),
        (["dram.device.timing.CLL=20"], ["is not a known key; did you mean 'CL'?"]),
        (["dram.device.timing.CL=20000000"], ["20000000 must be <= 1048576"]),
        (["dram.device.timing.tRAS=1"], ["1 must be >= tRCD = 15"]),
    ],
)
def test_a_device_that_cannot_be_is_refused(settings: list[str], faults: list[str], own_folder: Path) -> None:
    (own_folder / "broken.yaml").write_text("[")
    (own_folder / "list.yaml").write_text("[hbm2]")
    with pytest.raises(InputError) as refused:
        load_arch("sata128", [CYCLE, *settings])
    told = [fault.message for fault in refused.value.faults]
    assert len(told) == len(faults), told
    assert all(fault in message for fault, message in zip(faults, told, strict=True)), told


@pytest.mark.parametrize(
    ("settings", "unread"),
    [
        (["dram.device=hbm2", "dram.model=ideal"], ["dram.device: must go with dram.model cycle, not ideal"]),
        (
            ["dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB", "dram.device.timing.CL=3"],
            ["dram.device.timing.CL: must go with dram.model cycle, not bandwidth"],
        ),
        (
            ["dram.model=ideal", "dram.self_refresh_after_cycles=off", "dram.latency_ns=3"],
            [
                "dram.self_refresh_after_cycles: must go with dram.model cycle, not ideal",
                "dram.latency_ns: must go with dram.model bandwidth, not ideal",
            ],
        ),
        (["dram.latency_ns=3"], ["dram.latency_ns: must go with dram.model bandwidth, not cycle"]),
        (["dram.model=ideal"], []),
        (["dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB", "dram.latency_ns=3"], []),
        (["dram.device=hbm2", "dram.device.timing.CL=15"], []),
    ],
    ids=" ".join,
)
def test_a_setting_that_the_memory_does_not_read_is_refused(settings: list[str], unread: list[str]) -> None:
    told: list[str] = []
    try:
        lifsim.load_arch("sata128", settings)
    except InputError as error:
        told = [str(fault) for fault in error.faults]
    assert len(told) == len(unread)
    assert all(words in one for words, one in zip(unread, told, strict=True))


def test_what_a_file_says_for_another_memory_stands_there_unused(own_folder: Path) -> None:
    text = text_with_device("hbm2", clock_hz="400MHz").replace("model: cycle", "model: ideal")
    (own_folder / "own.yaml").write_text(text.replace("dram:", "dram:\n  energy_pj_per_bit: 5.0\n  source: me"))
    assert lifsim.load_arch("own.yaml").dram.device is None
