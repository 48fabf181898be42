"""Where facts come from: the adapter interface, protocol bases, the cross-reference and the sandbox sources."""
