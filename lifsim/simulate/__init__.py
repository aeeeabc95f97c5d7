"""From inputs to a balanced result."""
