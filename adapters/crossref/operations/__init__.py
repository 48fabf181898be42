"""What is done to a cross-reference: each operation in one writing transaction, with the event that tells it."""
