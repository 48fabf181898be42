"""What policy and audit cost: one query through views that differ in their rules, with and without a record of it."""
