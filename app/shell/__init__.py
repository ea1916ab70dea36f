"""The window: docking, workspaces, command palette, notifications, theme and the widgets panels are made of.

Knows panels only as widgets with a title and an area. No records, no FDC3, no business rules may enter here.
"""
