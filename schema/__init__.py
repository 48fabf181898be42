"""What a customer is, which slices of it there are, and the small values that every room speaks of."""
