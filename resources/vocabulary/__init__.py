"""The words of the market, as data: read by `nlp.language.vocabulary`."""
