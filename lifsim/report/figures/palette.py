"""Colours that colour-blind readers can distinguish, for every kind of picture."""

from __future__ import annotations

# Okabe & Ito, "Color Universal Design" (2008), in an order that also differs in lightness.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")

# Nuñez, Anderton & Renslow, "Optimizing colormaps with consideration for color vision deficiency", PLoS ONE 13(7),
# 2018: Matplotlib's cividis at seven places from dark to light.
CIVIDIS = ("#00224E", "#2A3F6D", "#575D6D", "#7D7C78", "#A59C74", "#D2C060", "#FEE838")
