"""The cross-reference on PostgreSQL: one database, for many gateways."""
