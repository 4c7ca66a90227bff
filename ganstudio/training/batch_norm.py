"""BatchNorm over a batch that several ranks share (Ioffe and Szegedy 2015, arXiv 1502.03167)."""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganstudio.training.ranks import Ranks, total


class SharedBatchNorm(_BatchNorm):
    """As torch's, for numbers and for images; statistics are those of all ranks' parts together.

    Gradients pass through the statistics, and theirs do, so that penalties on gradients hold.
    """

    count = 1  # of ranks

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (N, C) or (N, C, H, W)."""
        if not self.training:
            return super().forward(x)
        own = [0, *range(2, x.dim())]
        size = self.count * x.numel() // x.shape[1]
        shape = [1, -1, *[1] * (x.dim() - 2)]
        mean = total(x.sum(own)) / size
        centred = x - mean.reshape(shape)
        variance = total(centred.square().sum(own)) / size
        self._note(mean.detach(), variance.detach() * (size / max(1, size - 1)))
        y = centred * torch.rsqrt(variance + self.eps).reshape(shape)
        return y * self.weight.reshape(shape) + self.bias.reshape(shape) if self.affine else y

    @torch.no_grad()
    def _note(self, mean: Tensor, variance: Tensor) -> None:
        """Move the averages that are used once training is over."""
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        share = self.momentum
        if share is None:
            share = 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
        self.running_var.lerp_(variance.to(self.running_var.dtype), share)

    def _check_input_dim(self, x: Tensor) -> None:
        assert x.dim() in {2, 4}, x.shape


def share_statistics(net: nn.Module, ranks: Ranks) -> None:
    """Replace a net's BatchNorm by `SharedBatchNorm`, with the same weights and buffers."""
    for name, child in net.named_children():
        if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
            shared = SharedBatchNorm(
                child.num_features,
                child.eps,
                child.momentum,
                child.affine,
                child.track_running_stats,
            )
            shared.count = ranks.count
            shared._parameters, shared._buffers = child._parameters, child._buffers
            setattr(net, name, shared.train(child.training))
        else:
            share_statistics(child, ranks)
