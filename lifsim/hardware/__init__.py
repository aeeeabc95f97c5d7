"""The cost of one component; knows no network."""
