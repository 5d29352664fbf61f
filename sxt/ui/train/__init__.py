"""The train page: what to learn from, with which recipe, and how it goes."""
