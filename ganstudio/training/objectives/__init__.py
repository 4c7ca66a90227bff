"""Adversarial losses, one module each, which defines ``OBJECTIVE``; named as its file."""
