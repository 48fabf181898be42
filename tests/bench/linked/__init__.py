"""What a look-up costs in cross-references of few and of very many links."""
