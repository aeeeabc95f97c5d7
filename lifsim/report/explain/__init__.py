"""Where one layer's cycles and bytes come from, in plain arithmetic."""
