"""Are accountings members like others, and does nobody else ask for them by name?"""

from __future__ import annotations

import pytest

import lifsim
from lifsim.accounting import ACCOUNTINGS
from lifsim.cli.main import main
from lifsim.errors import InputError


def test_accountings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "accountings"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == ["lifsim", "satasim"] == list(ACCOUNTINGS)


def test_an_unknown_accounting_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="'satasin' must be one of lifsim, satasim; did you mean 'satasim'"):
        lifsim.run("sata128", "lenet5_mnist", overrides=["accounting=satasin"])


def test_what_an_accounting_does_not_know_is_told_at_once() -> None:
    changed = ["accounting=satasim", "dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB"]
    with pytest.raises(InputError) as error:
        lifsim.run("eyeriss_like", "lenet5_mnist", overrides=changed)
    assert "'satasim' must go with dataflow sata, not " in str(error.value)
    assert "must be ideal under accounting satasim" in str(error.value)
    with pytest.raises(InputError, match="spikes: engine must be workload"):
        lifsim.run("sata128_satasim", "lenet5_mnist", spikes="engine")
