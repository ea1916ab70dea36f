"""Reports: the life of an interaction, from the first ring to the saved call report.

Serves ``CreateInteraction``, follows the conversation, drafts the report and keeps every keystroke of it.
Decisions (``draft``, ``suggest``, ``due``) are pure; records, channels and Qt stay at the edges.
"""
