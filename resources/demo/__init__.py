"""The demo desk: customers, securities and the vocabulary of their history, and one call and one chat to play."""
