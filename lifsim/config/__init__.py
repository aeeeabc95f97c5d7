"""Architecture, workload and sharing: schema, loader with line numbers, name resolution."""
