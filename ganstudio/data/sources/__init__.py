"""Datasets, one module each. The file's name is the dataset's name.

A module defines one of

``load(root, work)``
    Read it from the folder `root`; None is its usual place.
``load_resized(root, side, work)``
    The same where images have no size in common: as squares of `side` pixels, 0 as seems best.

and, where others publish the files,

``PUBLISHED``
    A `Published`: where they are found or downloaded from.
"""
