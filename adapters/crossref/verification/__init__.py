"""Whether a cross-reference is what its events tell: the chain checked, the tables folded from the events beside."""
