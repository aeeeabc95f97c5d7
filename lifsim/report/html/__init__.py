"""The HTML report: one file with all that it shows, for runs just made or stored; it asks nothing of any network."""
