"""Do DRAMsim3's device files become the devices that they describe, and is told what they do not say?"""

from __future__ import annotations

from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.config.dram import load_dram
from lifsim.model.dram import DramSpec

DDR3 = """
[dram_structure]
protocol = DDR3
bankgroups = 1
banks_per_group = 8
rows = 65536
columns = 1024
device_width = 16
BL = 8

[timing]
tCK = 1.25
AL = 0
CL = 11
CWL = 8
tRCD = 11
tRP = 11
tRAS = 28
tRFC = 280
tRFC2 = 280
REFI = 6240
tRPRE = 0
tRRD_S = 6
tRRD_L = 6
tWTR_S = 6
tWTR_L = 6
tFAW = 32
tWR = 12
tRTP = 6
tCCD_S = 4
tCCD_L = 4
tCKE = 4
tCKESR = 5
tXS = 288
tXP = 5
tRTRS = 1

[power]
VDD = 1.35
IDD0 = 67
IPP0 = 0.0
IDD2P = 11
IDD2N = 36
IDD3P = 36
IDD3N = 51
IDD4W = 185
IDD4R = 185
IDD5AB = 270
IDD6x = 24

[system]
channel_size = 8192
channels = 1
bus_width = 64
address_mapping = rochrababgco
queue_structure = PER_BANK
refresh_policy = RANK_LEVEL_STAGGERED
row_buf_policy = OPEN_PAGE
cmd_queue_size = 8
trans_queue_size = 32

[other]
epoch_period = 800000
"""
"""Its DDR3_8Gb_x16_1600."""


def changed(text: str, **values: object) -> str:
    """`text` with other values, or without a key whose value is None."""
    for key, value in values.items():
        lines = text.splitlines()
        (index,) = (i for i, line in enumerate(lines) if line.split(" ")[0] == key)
        lines[index : index + 1] = [] if value is None else [f"{key} = {value}"]
        text = "\n".join(lines) + "\n"
    return text


DDR3_1866 = changed(
    DDR3, tCK=1.07, CL=13, CWL=9, tRCD=13, tRP=13, tRAS=32, tRFC=328, REFI=7290, tWTR_S=7, tWTR_L=7, tFAW=33, tWR=15,
    tRTP=7, tCKE=5, tCKESR=6, tXS=338, tXP=6, IDD3P=38, IDD0=69, IDD2N=38, IDD3N=53, IDD4W=195, IDD4R=195, IDD5AB=275,
)  # fmt: skip
DDR4 = changed(
    DDR3.replace("REFI", "tREFI"), protocol="DDR4", bankgroups=2, banks_per_group=4, tCK=0.83, CL=17, CWL=12, tRCD=17,
    tRP=17, tRAS=39, tRFC=420, tREFI=9360, tRRD_S=7, tRRD_L=8, tWTR_S=3, tWTR_L=9, tFAW=36, tWR=18, tRTP=9, tCCD_L=6,
    tCKE=6, tCKESR=7, tXS=432, tXP=8, IDD2P=25, IDD3P=41, IDD6x=30,
    VDD=1.2, IDD0=80, IDD2N=34, IDD3N=47, IDD4W=228, IDD4R=243, IDD5AB=280,
)  # fmt: skip
LPDDR4 = changed(
    DDR4.replace("tXP = 8", "tXP = 6\ntPPD = 2"), protocol="LPDDR4", BL=16, CWL=14, tRCD=15, tRP=15, tRAS=32, tRFC=392,
    tREFI=8660, tRRD_S=8, tWTR_S=8, tWTR_L=16, tFAW=32, tWR=30, tRTP=12,
)  # fmt: skip
HBM2 = changed(
    DDR4.replace("tRCD", "tRCDRD").replace("tRTP = 9", "tRTP_L = 6\ntRTP_S = 4\ntRCDWR = 14"), protocol="HBM",
    bankgroups=4, rows=32768, columns=64, device_width=128, BL=4, tCK=1, AL=None, CL=14, CWL=4, tRCDRD=14, tRP=14,
    tRAS=34, tRFC=260, tREFI=3900, tRRD_S=4, tRRD_L=6, tWTR_S=6, tWTR_L=8, tFAW=30, tWR=16, tCCD_S=1, tCCD_L=2,
    tRTRS=None, tCKE=8, tCKESR=12, tXS=268, tXP=8, IDD2P=28, IDD3P=40, IDD6x=31,
    IDD0=65, IDD2N=40, IDD3N=55, IDD4W=500, IDD4R=390, IDD5AB=250, channel_size=1024, channels=8,
    bus_width=128, address_mapping="rorabgbachco",
)  # fmt: skip


def at(text: str, key: str) -> str:
    """Where `key` stands in the file of `text`."""
    return f"d.ini:{next(i for i, line in enumerate(text.splitlines(), 1) if line.startswith(f'{key} '))}:1"


def imported(tmp_path: Path, text: str) -> DramSpec:
    (tmp_path / "d.ini").write_text(text)
    assert main(["import", "dramsim3", str(tmp_path / "d.ini"), "--out", str(tmp_path / "d.yaml"), "--force"]) == 0
    return load_dram(str(tmp_path / "d.yaml"))


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines of stderr, without folders."""
    return [line.removeprefix("note: ").rpartition("/")[2] for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize(
    ("name", "text", "fixed"),
    [
        ("ddr3_1600", DDR3, {}),
        ("ddr3_1866", DDR3_1866, {}),
        ("ddr4_2400", DDR4, {}),
        ("lpddr4_2400", LPDDR4, {"tREFI": 4699}),
        ("hbm2", HBM2, {}),
    ],
)
def test_its_files_are_the_shipped_devices(tmp_path: Path, name: str, text: str, fixed: dict[str, int]) -> None:
    ours, theirs = load_dram(name), imported(tmp_path, text)
    assert theirs.model_dump(exclude={"name", "source", "notes", "timing"}) == ours.model_dump(
        exclude={"name", "source", "notes", "timing"}
    )
    assert theirs.timing.model_dump() | fixed == ours.timing.model_dump()


def test_case_comments_and_marks_do_not_matter(tmp_path: Path) -> None:
    text = "\ufeff; a device\r\n# of mine\r\n" + DDR3.upper().replace("\n", " ; in cycles;\r\n").replace(" = ", "=")
    expected, found = imported(tmp_path, DDR3), imported(tmp_path, text.replace("ROCHRABABGCO", "rochrababgco"))
    assert found == expected


def test_what_is_not_used_or_is_meant_otherwise_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = changed(DDR3, queue_structure="PER_RANK", row_buf_policy="CLOSE_PAGE", tCCD_S=2).replace("tWR =", "tWRR =")
    text = text.replace("[other]", "enable_self_refresh = true\n[other]")
    spec = imported(tmp_path, text)
    assert told(capsys) == [
        f"{at(text, 'tCCD_S')}: tCCD_S = 2 has no effect: a burst takes 4 cycles",
        f"{at(text, 'REFI')} timing.REFI: is read as tREFI; DRAMsim3 does not read it and has its default there",
        "d.ini: not in the file, and DRAMsim3's defaults: tWR = 10",
        f"{at(text, 'queue_structure')} system.queue_structure: 'PER_RANK' is not modelled: queues are of single banks",
        f"{at(text, 'row_buf_policy')} system.row_buf_policy: 'CLOSE_PAGE' is not modelled: rows stay open",
        f"{at(text, 'enable_self_refresh')} system.enable_self_refresh: is not modelled: self-refresh is the device's "
        "controller.self_refresh_after_cycles, off unless given",
        f"{at(text, 'tWRR')} timing.tWRR: is no key of DRAMsim3's and is not used; did you mean 'tWR'?",
        "d.ini [timing]: not used: tRFC2, tRPRE",
        "d.ini [power]: not used: IPP0",
        "d.ini [other]: not used: epoch_period",
    ]
    assert "REFI: is read as tREFI; DRAMsim3 does not read it and has its default there" in spec.notes
    assert spec.timing.tWR == 10


def test_what_is_not_there_has_dramsim3s_defaults_and_that_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = imported(
        tmp_path, "[dram_structure]\nprotocol = DDR4\nbankgroups = 4\nbanks_per_group = 4\n[timing]\ntCK=0.8\n"
    )
    (line,) = told(capsys)
    assert line.startswith("d.ini: not in the file, and DRAMsim3's defaults: ")
    for default in ("tRFC = 74", "tREFI = 7800", "IDD4R = 135", "bus_width = 64", "address_mapping = chrobabgraco"):
        assert default in line
    assert (spec.timing.tRFC, spec.timing.tREFI, spec.mapping) == (74, 7800, "chrobabgraco")


def test_keys_of_older_versions_are_read_or_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = DDR3.replace("cmd_queue_size", "queue_size").replace("[power]", "tCMD = 1\n[power]")
    text = text.replace("[other]", "req_buffering_enabled = true\n[other]")
    assert imported(tmp_path, text).controller.command_queue == 8
    said = told(capsys)
    meant = "is read as cmd_queue_size; DRAMsim3 does not read it and has its default there"
    assert f"{at(text, 'queue_size')} system.queue_size: {meant}" in said
    assert "d.ini [timing]: not used: tRFC2, tRPRE, tCMD" in said
    assert "d.ini [system]: not used: req_buffering_enabled" in said


HBM = """
[dram_structure]
protocol = HBM
bankgroups = 4
banks_per_group = 4
rows = 16384
columns = 64
device_width = 128
BL = 4
[timing]
tCK = 2
CL = 7
CWL = 2
tRCDRD = 7
tRCDWR = 6
tCCD_S = 1
tCCD_L = 1
[system]
channel_size = 512
channels = 8
bus_width = 128
"""


@pytest.mark.parametrize("protocol", ["HBM", "HBM2"])
def test_both_generations_of_hbm_have_columns_of_two_words(tmp_path: Path, protocol: str) -> None:
    """Its HBM1_4Gb_x128 and HBM2_4Gb_x128 say the same protocol; 4 Gb are 64 columns of 2 x 128 bits."""
    spec = imported(tmp_path, changed(HBM, protocol=protocol))
    rank = spec.organisation
    assert (rank.columns, rank.ranks, rank.channels) == (128, 1, 8)
    assert rank.rows * rank.columns * rank.bank_groups * rank.banks_per_group * 128 == 4 << 30
    assert (spec.timing.tRCD, spec.timing.tRCDWR, spec.timing.tCCD_S, spec.timing.tCCD_L) == (7, 6, 2, 2)
    assert spec.controller.dual_command


def test_refreshes_that_come_too_seldom_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imported(tmp_path, LPDDR4)
    assert f"{at(LPDDR4, 'tREFI')}: tREFI is 7.19 us; LPDDR4 has to be refreshed every 3.9 us" in told(capsys)


def test_currents_of_another_device_are_told_and_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert imported(tmp_path, LPDDR4).borrowed_from == "DDR4-2400"
    assert "d.ini: currents and voltage are those of DDR4-2400, not an LPDDR4's" in told(capsys)
    assert imported(tmp_path, changed(LPDDR4, IDD4R=200)).borrowed_from is None
    assert imported(tmp_path, DDR4).borrowed_from is None


def test_a_current_asleep_above_the_one_awake_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As LPDDR3's IDD6 is."""
    text = changed(DDR3, IDD6x=37, tCKESR=0)
    spec = imported(tmp_path, text)
    assert f"{at(text, 'IDD6x')} power.IDD6x: 37 is left out: a device that is awake draws IDD2N = 36" in told(capsys)
    assert (spec.energy.model_dump()["IDD6"], spec.timing.tCKESR) == (None, None)


def test_one_bank_group_has_one_of_each_pair(tmp_path: Path) -> None:
    timing = imported(tmp_path, changed(DDR3, tRRD_L=None, tCCD_S=None, tWTR_S=None)).timing
    assert (timing.tRRD_S, timing.tRRD_L, timing.tCCD_S, timing.tWTR_S) == (6, 6, 4, 6)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (
            changed(DDR3, protocol="GDDR5"),
            ["d.ini:3:1 dram_structure.protocol: 'GDDR5' must be one of DDR3, DDR4, LPDDR"],
        ),
        *(
            (changed(DDR3, protocol=protocol), [f"'{protocol}' must be one of", why, "`dram.model: bandwidth`"])
            for protocol, why in (
                ("GDDR5X", "eight words a wire"),
                ("GDDR6", "eight words a wire"),
                ("HMC", "packets over links, which are not modelled"),
                ("DDR5", "two channels a module"),
                ("LPDDR5", "a clock of its own"),
                ("HBM3", "pseudo channels"),
            )
        ),
        (changed(DDR3, protocol="DDR33"), ["'DDR33' must be one of", "did you mean 'DDR3'?"]),
        (
            changed(DDR3, CL="eleven", tCK="-1", bus_width="6.5"),
            [
                "timing.CL: 'eleven' must be a whole",
                "timing.tCK: '-1' must be a number",
                "system.bus_width: '6.5' must be",
            ],
        ),
        (
            changed(DDR3, tRAS=5, rows=1000),
            [f"{at(DDR3, 'rows')} organisation.rows: 1000 must be", f"{at(DDR3, 'tRAS')} timing.tRAS: 5 must"],
        ),
        (
            changed(DDR3, channel_size=12288),
            [
                f"{at(DDR3, 'channel_size')} system.channel_size: 12288 must make a power of two of ranks, is 3 of "
                "4 GiB; DRAMsim3's addresses name 2 of them: 8192"
            ],
        ),
        (
            changed(DDR3, address_mapping="rochrabaco"),
            [f"{at(DDR3, 'address_mapping')} mapping: 'rochrabaco' must name the bank group"],
        ),
        (DDR3 + "epoch_period = 1\n", ["epoch_period: must be given once, is given in line"]),
        ("CL = 3\n", ["d.ini:1:1: 'CL = 3' must be `key = value` below a [section]"]),
        ("name: x\n", ["d.ini:1:1: 'name: x' must be `key = value` below a [section]"]),
    ],
)
def test_what_is_no_device_is_refused_at_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, faults: list[str]
) -> None:
    (tmp_path / "d.ini").write_text(text)
    assert main(["import", "dramsim3", str(tmp_path / "d.ini"), "--out", str(tmp_path / "d.yaml")]) == 2
    said = "\n".join(told(capsys))
    assert not [fault for fault in faults if fault not in said], said
    assert not (tmp_path / "d.yaml").exists()


def test_a_file_of_another_tool_is_told_its_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "d.ini").write_text("; mine\n" + DDR3)
    assert main(["dram-bench", "--dram", str(tmp_path / "d.ini"), "--pattern", "tile"]) == 2
    assert "`lifsim import dramsim3" in capsys.readouterr().err
    assert main(["run", "--set", f"dram.device={tmp_path / 'd.ini'}", "--workload", "lenet5_mnist"]) == 2
    assert "`lifsim import dramsim3" in capsys.readouterr().err
    (tmp_path / "t.csv").write_text("Layer,M,N,K,\ng,1,2,3,\n")
    assert main(["run", "--workload", str(tmp_path / "t.csv")]) == 2
    assert "`lifsim import scalesim" in capsys.readouterr().err
    (tmp_path / "s.cfg").write_text("[architecture_presets]\nArrayHeight: 3\n")
    assert main(["run", "--arch", str(tmp_path / "s.cfg")]) == 2
    assert "--config" in capsys.readouterr().err


@pytest.mark.parametrize(("factor", "ranks"), [(0.5, 1), (1.5, 1), (2.25, 2)])
def test_a_channel_that_is_no_whole_number_of_ranks_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], factor: float, ranks: int
) -> None:
    rank = imported(tmp_path, changed(DDR3, channel_size=1)).organisation
    mebibytes = rank.columns * rank.bus_bits // 8 * rank.rows * rank.bank_groups * rank.banks_per_group >> 20
    capsys.readouterr()
    spec = imported(tmp_path, changed(DDR3, channel_size=int(factor * mebibytes)))
    assert spec.organisation.ranks == ranks
    assert f"is no whole number of ranks: the device has {ranks} of " in capsys.readouterr().err
    imported(tmp_path, changed(DDR3, channel_size=2 * mebibytes))
    assert "whole number of ranks" not in capsys.readouterr().err
