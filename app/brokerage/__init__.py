"""Pure domain arithmetic: credit checks and settlement dates. No Qt, no database."""
