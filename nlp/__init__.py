"""From sound and text to facts. No Qt, no database, no FDC3."""
