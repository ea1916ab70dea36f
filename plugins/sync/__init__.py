"""The sync panel: how the desk stands with its server, what was refused, what two desks both changed."""
