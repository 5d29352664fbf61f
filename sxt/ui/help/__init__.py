"""The Help page: first steps, keys, formats, units, and what this server is made of."""
