"""Networks, one module a model; its file's name is the model's name.

A model module defines

``OUTPUT_RANGE``
    The range that G draws in: (-1, 1) or (0, 1).
``generator(latent_dim, image_shape)``
    G: (N, latent_dim) float32 -> (N, C, H, W) float32 in `OUTPUT_RANGE`.
``discriminator(shape, outputs)``
    D: (N, *shape) float32 -> (N, outputs) float32. Column 0 is the logit: large is real. The others
    are read where a recipe asks D for more.
``SIDES`` (optional)
    The sides of images must be multiples of it.
``BATCH_NORM`` (optional)
    Whether G normalises single numbers over the batch, which takes at least two images.
``TRAINABLE`` (optional)
    Whether they can be trained; False for those that another program trains (`RunWriter`).
``encoder(latent_dim, image_shape)`` (optional)
    E: images -> (N, 2·latent_dim), mean and log variance of their codes. It makes the model an
    autoencoder: G is its decoder, and D judges codes instead of images.
"""
