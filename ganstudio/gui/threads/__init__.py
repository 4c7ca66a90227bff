"""The three threads in which Qt meets torch."""
