"""FINOS's own conformance suite, run against the whole desk. The suite is not part of this repository."""
