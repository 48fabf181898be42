"""Who may come in, and in which form they get the answer."""
