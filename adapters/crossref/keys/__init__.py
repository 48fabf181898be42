"""Keys of sources: how each source writes them, and in which form they are kept."""
