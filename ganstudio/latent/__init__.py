"""The latent space: what z consists of, snapshots of a model, and decoding z to images."""
