"""What a cross-reference tells of the past: its events read as history, as a feed, and as of a time."""
