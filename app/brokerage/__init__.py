"""Pure domain arithmetic: credit checks, settlement dates, sales credit, and reading what a trader typed.

No Qt, no database, no clock: every fact a calculation needs is handed in. Amounts and prices are ``Decimal``.
"""
