"""Measure two runs by turns against one; run by hand: ``python benchmarks/what_if.py``.

A `Runner` trains as in the window, without one, with a fixed number of threads. It trains the run
alone for some seconds, then with a rival beside it for as long, and so on; the first second of each
does not count. Steps of both count.
"""

import argparse
import queue
import statistics
import threading
import time

from ganstudio.config import load_preset
from ganstudio.training.runner import Runner

SETTLING = 1.0  # s


class Deaf:
    """A listener that hears nothing."""

    def __getattr__(self, name: str):
        if not name.startswith("on_"):
            raise AttributeError(name)
        return lambda *_: None


def main() -> None:
    """Compare the steps a second, by turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presets", nargs="+", default=["studio", "mlp-gelu", "dcgan"])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0)
    arguments = parser.parse_args()
    for preset in arguments.presets:
        ratios, alone, both = [], [], []
        requests: queue.SimpleQueue = queue.SimpleQueue()
        runner = Runner(requests, Deaf())
        thread = threading.Thread(target=runner.run)
        thread.start()
        config = load_preset(preset).config
        requests.put(lambda runner: runner.set_exact(True))
        requests.put(lambda runner, config=config: runner.new_run(config, "cpu"))
        requests.put(Runner.start)
        while runner.trainer is None or runner.trainer.step < 10:
            time.sleep(0.1)
        for _ in range(arguments.turns):
            alone.append(_rate(runner, arguments.seconds))
            requests.put(lambda runner, rate=config.d_lr / 2: runner.try_value("d_lr", rate))
            both.append(_rate(runner, arguments.seconds))
            requests.put(Runner.keep_a)
            ratios.append(both[-1] / alone[-1])
        requests.put(Runner.close)
        thread.join()
        middle = statistics.median
        print(
            f"{preset}: alone {middle(alone):.1f} steps/s, A and B {middle(both):.1f} together, "
            f"ratio {middle(ratios):.3f} ({min(ratios):.2f} to {max(ratios):.2f})",
            flush=True,
        )


def _rate(runner: Runner, seconds: float) -> float:
    """Return the steps a second of all that is trained."""
    time.sleep(SETTLING)
    began, before = time.monotonic(), _steps(runner)
    time.sleep(seconds)
    return (_steps(runner) - before) / (time.monotonic() - began)


def _steps(runner: Runner) -> int:
    trainers = (runner.trainer, runner._rival)
    return sum(trainer.step for trainer in trainers if trainer is not None)


if __name__ == "__main__":
    main()
