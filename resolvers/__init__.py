"""How a query becomes few calls."""
