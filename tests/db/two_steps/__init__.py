"""Two migrations of which each fails where it is applied twice."""
