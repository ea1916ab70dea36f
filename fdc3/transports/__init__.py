"""Transports: how bytes travel between an app and the agent. They know connecting, not what the messages mean."""
