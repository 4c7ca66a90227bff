"""Images as uint8 tensors on the training device, and batches from them."""
