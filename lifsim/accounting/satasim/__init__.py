"""The accounting of SATA_Sim (Yin et al., IEEE TCAD 42(6), 2022), to the letter: for cross-checks, not for designs."""

from lifsim.accounting.satasim.accounting import SataSim

__all__ = ["SataSim"]
