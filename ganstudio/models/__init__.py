"""Generators and discriminators, one module a pair: ``build(latent_dim, image_shape) -> Networks``.

The file's name is the model's name. D returns logits, G images in its own output range.
"""
