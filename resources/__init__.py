"""Data that ships with the program: vocabulary, calendars, demo material, icons. No code but what reads it."""
