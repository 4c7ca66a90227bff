"""GAN Studio: watch a GAN learn, steer it, look inside it, and keep what it made."""

import os

__version__ = "0.1.0"

# numpy's matrix products are small here, and after each one OpenBLAS's other threads would spin
# for 30 ms on the cores that train. Read when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
