"""A plugin for pytest: property tests try the same examples every time and do not simplify one that fails."""

from __future__ import annotations

from hypothesis import Phase, settings

settings.register_profile(
    "planted", derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("planted")
