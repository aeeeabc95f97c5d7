"""Are accountings members like others, and does nobody else ask for them by name?"""

from __future__ import annotations

import pytest

import lifsim
from lifsim.accounting import ACCOUNTINGS
from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.hardware.array import DATAFLOWS


def test_accountings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "accountings"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == ["lifsim", "satasim"] == list(ACCOUNTINGS)


def test_an_unknown_accounting_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="'satasin' must be one of lifsim, satasim; did you mean 'satasim'"):
        lifsim.run("sata128", "lenet5_mnist", overrides=["accounting=satasin"])


@pytest.mark.parametrize("name", ["sata128", "eyeriss_like", "sata_training"])
def test_the_pass_of_satasim_is_counted_by_satasim_alone(name: str) -> None:
    """With the way out; every accounting that LIFSim ships but that one refuses it."""
    with pytest.raises(InputError, match=r"array\.dataflow: 'sata' must be os under accounting lifsim: ") as error:
        lifsim.load_arch(name, ["array.dataflow=sata"])
    assert "rule of accounting satasim" in str(error.value)
    refused = [each for each in ACCOUNTINGS if DATAFLOWS["sata"].refusal(each)]
    assert refused == [each for each in ACCOUNTINGS if each != "satasim"]


def test_nobody_skips_zeros_that_are_a_mean_rate() -> None:
    for sparsity in ("skip", "ptb"):
        with pytest.raises(InputError, match=f"'{sparsity}' must go with dataflow os, not sata"):
            lifsim.load_arch("sata128_satasim", [f"array.sparsity={sparsity}"])


def test_what_an_accounting_does_not_know_is_told_at_once() -> None:
    changed = ["accounting=satasim", "dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB"]
    with pytest.raises(InputError) as error:
        lifsim.run("eyeriss_like", "lenet5_mnist", overrides=changed)
    assert "'satasim' must go with dataflow sata, not " in str(error.value)
    assert "must be ideal under accounting satasim" in str(error.value)
    with pytest.raises(InputError, match="spikes: engine must be workload"):
        lifsim.run("sata128_satasim", "lenet5_mnist", spikes="engine")
