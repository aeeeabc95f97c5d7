"""YAML: documents with line numbers, what files may say, overrides, names of files, every fault of a file."""
