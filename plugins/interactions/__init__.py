"""Calls & chats: the list of live and past interactions and the reports still to be written.

Reads the records and two app channels; opens what is chosen by intents and contexts, and changes nothing itself.
"""
