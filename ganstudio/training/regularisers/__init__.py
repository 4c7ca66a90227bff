"""Penalties on D, one module each, which defines ``penalty``; named as its file."""
