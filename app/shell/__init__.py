"""The window: docking, workspaces, command palette, notifications, theme and shared widgets."""
