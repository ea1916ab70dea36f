"""Chats with customers: the panel, and the simulated chat service of the demo desk (its own process).

``protocol`` is what a chat service offers, ``model`` what is known of the conversations (pure), ``app`` brings the desk
round to a customer who writes, ``view`` is the panel.
"""
