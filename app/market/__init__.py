"""Live prices: the conflated price book and the client of a price feed. No Qt."""
