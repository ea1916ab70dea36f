"""The turret's lines inside the desk: their state, and commands to answer, hold, hang up and dial."""
