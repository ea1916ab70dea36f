"""Prices of the instruments that matter to the customer in focus, and the simulated feed of the demo desk."""
