"""Desks and a server in one process, over a clock, a network and disks that fail by a seeded schedule."""
