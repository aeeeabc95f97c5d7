"""What benchmarks are made of: sides measured in turn, the load of the machine meanwhile, results and tables."""
