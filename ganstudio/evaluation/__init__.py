"""How good generated images are, in numbers that can be trusted."""
