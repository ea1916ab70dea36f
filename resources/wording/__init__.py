"""How a report is worded, as data: read by `nlp.summary.templates`. A desk's own file changes single texts of it."""
