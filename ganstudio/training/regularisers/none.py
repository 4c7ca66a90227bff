"""No penalty."""

penalty = None
