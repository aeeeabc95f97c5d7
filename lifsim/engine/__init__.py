"""The NumPy SNN engine."""
