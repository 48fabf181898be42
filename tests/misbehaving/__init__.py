"""Sources that misbehave, every kind of every protocol base: through a whole gateway, and what they cost in memory."""
