"""Transcript: what is being said, or was said, with the facts in it marked.

Listens only: to the desk's conversation channel for a live talk, to the records for a past one.
"""
