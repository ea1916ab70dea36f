"""Data that ships with the program: vocabulary, demo material, icons. No code."""
