"""``python -m ganstudio`` is the same as ``ganstudio``."""

from ganstudio.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
