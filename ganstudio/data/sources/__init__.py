"""Datasets, one module each: ``load(root) -> Dataset``. The file's name is the dataset's name."""
