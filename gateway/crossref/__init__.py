"""The admin API of the cross-reference: `/crossref/...`, for stewards and those who look after privacy."""
