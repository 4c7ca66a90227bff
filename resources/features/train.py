"""Train the feature network on MNIST and write its weights: python resources/features/train.py.

Images are shifted, turned and scaled a little, so that it learns more than the training digits'
places. The weights are the average of the last epochs' steps. Prints the share of the test digits
that it names right; ten minutes on two CPU cores.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor
from torch.nn.functional import affine_grid, cross_entropy, grid_sample

from ganstudio.atomic import replacing
from ganstudio.data.loading import load
from ganstudio.evaluation.features import DigitNet, Features, prepared
from ganstudio.work import Work

TARGET = Path(__file__).parent / "digits.safetensors"
BATCH = 128
AVERAGED = 0.3  # the last share of the steps, whose weights are averaged


def main() -> None:
    """Train, average, test and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    data = load("mnist", 0, None, Work())
    torch.manual_seed(0)
    net = DigitNet().train()
    x, labels = prepared(data.train), torch.from_numpy(data.train_labels)
    steps = len(x) // BATCH * arguments.epochs
    optimiser = torch.optim.AdamW(net.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=steps)
    averaged = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995), use_buffers=True
    )
    for step in range(steps):
        if step % (len(x) // BATCH) == 0:
            order = torch.randperm(len(x))
        chosen = order[step % (len(x) // BATCH) * BATCH :][:BATCH]
        _, logits = net(_moved(x[chosen]))
        loss = cross_entropy(logits, labels[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step >= (1 - AVERAGED) * steps:
            averaged.update_parameters(net)
        if step % 500 == 0:
            print(f"step {step:,} of {steps:,}: loss {loss:.3f}", flush=True)
    best = averaged.module.eval()
    _scale(best, x)
    _, probabilities = Features(best, "untested").of(data.test)
    right = (probabilities.argmax(1) == data.test_labels).mean()
    print(f"{100 * right:.2f} % of the test digits right")
    with replacing(arguments.out) as file:
        file.write(save({name: value.contiguous() for name, value in best.state_dict().items()}))


@torch.no_grad()
def _scale(net: DigitNet, x: Tensor) -> None:
    """Give the features a mean square of 1 on `x`, which KID's kernel takes for granted.

    A ReLU passes a factor on, so the layer after it can take it back: the logits stay.
    """
    layer = net.features[-2]
    scale = torch.cat([net.features(part) for part in x.split(1000)]).square().mean().sqrt()
    for weight in (layer.weight, layer.bias):
        weight.div_(scale)
    net.classes.weight.mul_(scale)


def _moved(x: Tensor) -> Tensor:
    """Return images shifted by up to 2 pixels, turned by up to 10 degrees, scaled by up to 10 %."""
    n = len(x)
    turn = (torch.rand(n) * 2 - 1) * torch.pi / 18
    scale = 1 + (torch.rand(n) * 2 - 1) / 10
    shift = (torch.rand(n, 2) * 2 - 1) * 2 / 14
    cos, sin = turn.cos() * scale, turn.sin() * scale
    theta = torch.stack(
        [torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1
    )
    grid = affine_grid(theta, list(x.shape), align_corners=False)
    return grid_sample(x, grid, padding_mode="border", align_corners=False)


if __name__ == "__main__":
    main()
