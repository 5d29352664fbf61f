"""The segment page: what to segment with what, how long it takes, and what comes of it."""
