"""Where the time of a step goes: by a clock of the test's own."""

from collections.abc import Callable

import pytest
import torch

from ganstudio.config import Config
from ganstudio.training import profile
from ganstudio.training.profile import PARTS, Profile
from ganstudio.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("small")


class Clock:
    now = 0.0

    def takes(self, seconds: float, then=lambda: None) -> None:
        self.now += seconds
        then()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(profile.time, "perf_counter", lambda: clock.now)
    return clock


def having(**methods: Callable[[object], None]) -> object:
    return type("Thing", (), methods)()


class Played:
    """A trainer whose parts take as long as the test says."""

    def __init__(self, clock: Clock) -> None:
        self.device, self.step, self._clock = torch.device("cpu"), 0, clock
        self.real = having(next=lambda _: clock.takes(1), next_labelled=lambda _: clock.takes(100))
        self._game = having(fake=lambda _: clock.takes(2))
        self.gradients = having(
            of_D=lambda _: clock.takes(8, self.real.next), of_G=lambda _: clock.takes(16)
        )
        self.updates = having(_move=lambda _: clock.takes(32))
        self.ema = having(update=lambda _: clock.takes(4))

    def train_step(self) -> None:
        self._clock.takes(64)
        self._game.fake()
        self.gradients.of_D()
        self.updates._move()
        self.gradients.of_G()
        self.updates._move()
        self.ema.update()
        self.step += 1


def test_every_part_has_its_own_time_without_those_within_it(clock):
    trainer = Played(clock)
    teller = having(tell=lambda _: clock.takes(128))
    measured = Profile(trainer, teller, ("tell",))
    assert measured.taken() == ()
    for _ in range(3):
        trainer.train_step()
        teller.tell()
        clock.takes(1000)  # between steps: nobody's
    expected = {"data": 1, "D": 8, "G": 18, "optimiser": 64, "ema": 4, "rest": 64, "window": 128}
    assert dict(measured.taken()) == expected
    assert measured.taken() == (), "since the last time"
    trainer.train_step()
    assert dict(measured.taken()) == expected | {"window": 0}
    measured.end()
    trainer.train_step()
    assert measured.taken() == ()
    assert set(expected) == set(PARTS)


@pytest.mark.parametrize("model", ["mlp-gelu", "aae"])
def test_a_run_is_the_same_with_and_without(model, tiny, cpu):
    config = Config(model=model, batch_size=16, latent_dim=5, r1=0.1, penalty_every=2)
    plain, watched = Trainer(config, tiny, cpu), Trainer(config, tiny, cpu)
    owners = (watched, watched.gradients, watched.updates, watched.real, watched._game)
    before = [set(vars(owner)) for owner in owners]
    measured = Profile(watched, object(), ())
    for _ in range(4):
        plain.train_step()
        watched.train_step()
    found = dict(measured.taken())
    assert found.pop("window") == 0
    assert all(seconds > 0 for seconds in found.values())
    measured.end()
    assert [set(vars(owner)) for owner in owners] == before, "no clock is left"
    for trainer in (plain, watched):
        trainer.drain()
    both = (trainer.history.array()[:-1] for trainer in (plain, watched))  # but for seconds
    assert len({array.tobytes() for array in both}) == 1
