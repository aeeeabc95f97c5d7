"""Steps of the array and the DRAM requests that they wait for: when each starts, when each ends, and why not earlier."""
