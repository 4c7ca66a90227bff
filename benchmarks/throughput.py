"""Measure training against what people write; run by hand: ``python benchmarks/throughput.py``.

For every preset, the loop of `plain.py` and the engine make steps by turns in one process, with the
same networks, batch and threads, so that a noisy machine slows both alike; what counts is the
median of the turns' ratios. It takes whatever device there is.

    plain, engine   steps/s, medians of the turns; --precision is the engine's, plain is float32
    ratio           engine / plain, the median (least to most) of the turns
    limit           the share of the machine's limit that the engine reaches. The limit of a step is
                    the time that its products of matrices and convolutions need, each its floating
                    point operations by the rate of a large product or its bytes by the bandwidth
                    of memory, whichever takes longer, and its optimisers' bytes (7 numbers a
                    weight; 3 for the average) by that bandwidth; nothing else counts
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from plain import Plain
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from ganstudio.config import PRECISIONS, built_in_presets, load_preset
from ganstudio.training.headless import new_trainer
from ganstudio.training.threads import cores, use_threads
from ganstudio.training.trainer import Trainer

WARM_UP = 17  # steps: two of them have the penalty, where it comes every eighth or sixteenth
COUNTED = 16  # steps whose operations are counted: a whole number of rounds of the penalty
SIDE, FLOATS = 2048, 2**26  # of the product and of the copy that tell what the machine can do


def main() -> None:
    """Measure every preset, and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sound = [name for name in built_in_presets() if not load_preset(name).group]
    parser.add_argument("--preset", action="append", choices=sound, help="repeatable")
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each turn")
    parser.add_argument("--batch-size", type=int, help="instead of the preset's")
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--device", default="auto")
    parser.add_argument("--exact", action="store_true", help="the engine as runs repeat")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default=PRECISIONS[0], help="the engine's"
    )
    arguments = parser.parse_args()
    use_threads(arguments.threads)
    print("| preset | plain, steps/s | engine, steps/s | ratio | limit |")
    print("| --- | --- | --- | --- | --- |")
    for name in arguments.preset or sound:
        print(_measured(name, arguments), flush=True)


def _measured(name: str, arguments: argparse.Namespace) -> str:
    """Return a preset's row of the table."""
    config = load_preset(name).config
    if arguments.batch_size:
        config = config.changed(batch_size=arguments.batch_size)
    trainer = new_trainer(config, arguments.device, None, precision=arguments.precision)
    trainer.adapt(not arguments.exact)
    plain = Plain(config, trainer.architecture, trainer.device, *trainer.real_range)
    runs: dict[str, Callable[[], object]] = {"plain": plain.step, "engine": trainer.train_step}
    for step in runs.values():
        for _ in range(WARM_UP):
            step()
    if trainer.graphs is not None and trainer.graphs.refused is not None:
        print(f"{name}: {trainer.graphs.refused}", file=sys.stderr)
    trainer.adapt(False)  # whose operations nobody could count
    work, traffic = _counted(trainer)
    trainer.adapt(not arguments.exact)
    for _ in range(WARM_UP):
        trainer.train_step()
    rates: dict[str, list[float]] = {run: [] for run in runs}
    shares = []
    for _ in range(arguments.turns):
        for run, step in runs.items():
            rates[run].append(_rate(step, arguments.seconds, trainer.device))
        flops, bandwidth = _machine(trainer.device)
        least = sum(max(f / flops, b / bandwidth) for f, b in work) + traffic / bandwidth
        shares.append(100 * least * rates["engine"][-1])
    ratios = [e / p for e, p in zip(rates["engine"], rates["plain"], strict=True)]
    speeds = [statistics.median(rates[run]) for run in runs]
    spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    limit = f"{statistics.median(shares):.0f} %"
    return f"| `{name}` | {speeds[0]:.1f} | {speeds[1]:.1f} | {spread} | {limit} |"


def _rate(step: Callable[[], object], seconds: float, device: torch.device) -> float:
    """Return how often a second `step` can be called."""
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        step()
        count += 1
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return count / (time.perf_counter() - start)


class _Count(TorchDispatchMode):
    """Notes the floating point operations and the bytes of every product and convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.work: list[tuple[float, float]] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            flops = float(count(*args, **(kwargs or {}), out_val=out))
            used = [leaf for leaf in tree_leaves((args, kwargs, out)) if isinstance(leaf, Tensor)]
            self.work.append((flops, float(sum(t.numel() * t.element_size() for t in used))))
        return out


def _counted(trainer: Trainer) -> tuple[list[tuple[float, float]], float]:
    """Return the operations of a step, each with its bytes, and the bytes of its optimisers."""
    with _Count() as count:
        for _ in range(COUNTED):
            trainer.train_step()
    config = trainer.config
    G, D, E = (
        sum(p.numel() for p in net.parameters()) if net else 0
        for net in (trainer.G, trainer.D, trainer.E)
    )
    numbers = 7 * (G + E + config.d_steps * D) + (3 * G if trainer.ema else 0)
    return [(f / COUNTED, b / COUNTED) for f, b in count.work], 4.0 * numbers


def _machine(device: torch.device) -> tuple[float, float]:
    """Return the operations a second of a large product, and the bytes a second of a copy."""
    a, x = torch.rand(SIDE, SIDE, device=device), torch.rand(FLOATS, device=device)
    b, y = torch.empty_like(a), torch.empty_like(x)
    rates = []
    for action in (lambda: torch.mm(a, a, out=b), lambda: y.copy_(x)):
        action()
        rates.append(_rate(action, 0.3, device))
    return 2.0 * SIDE**3 * rates[0], 8.0 * FLOATS * rates[1]


if __name__ == "__main__":
    main()
