"""The two threads in which Qt meets torch."""
