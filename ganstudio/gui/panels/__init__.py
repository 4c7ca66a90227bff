"""The panels of the window. A panel sees numpy arrays and dataclasses, never the trainer."""
