"""The cross-reference on SQLite: one file, for one machine."""
