"""The first page: cards of tomograms, the machine, the first start."""
