"""Any number of runs beside each other: what differs between their inputs, and what between their figures."""
