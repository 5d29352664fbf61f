"""The page Metrics: which comparison is looked at, how a new one is asked for, and what is shown of it."""
