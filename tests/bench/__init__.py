"""Speed and memory, measured: ``make bench`` prints one table."""
