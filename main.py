"""Launch GAN Studio from a checkout: ``python main.py``."""

from ganstudio.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
