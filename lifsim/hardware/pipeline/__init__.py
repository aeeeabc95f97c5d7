"""Steps of the array and the DRAM requests that they wait for: when each starts and ends, and why not earlier."""
