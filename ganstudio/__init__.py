"""GAN Studio: watch a GAN learn, steer it, look inside it, and keep what it made."""

__version__ = "0.1.0"
