"""Steps by graphs. Without a GPU a graph is a tape of the step's operations, which shows all but
that a GPU takes it: slots, told numbers, counts, and what happens to a step that is not finite."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import torch
from oracle import GPU, everything, same
from tape import Tape
from windowless import Window

from ganstudio import model_file
from ganstudio.config import ORDERS, Config, load_preset, preset_names
from ganstudio.data.batches import Noise
from ganstudio.errors import Phrase, StudioError
from ganstudio.models import mlp_leaky
from ganstudio.training import headless, step_graphs
from ganstudio.training.games import Samples
from ganstudio.training.history import METRICS
from ganstudio.training.limits import End, Limit
from ganstudio.training.orders import Nets
from ganstudio.training.step_graphs import WARM_UP
from ganstudio.training.threads import ThreadTuner
from ganstudio.training.trainer import Trainer

SMALL = Config(model="mlp-gelu", batch_size=16, latent_dim=5, r1=0, seed=4, ema_decay=0.9)
STEPS = 3 * WARM_UP

Body = Callable[[], None]


@pytest.fixture
def replayed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let graphs be made on the CPU; return a list that grows with what they do."""
    done: list[str] = []

    class Recorder(Tape):
        def record(self, body: Body, generators: Iterable[torch.Generator]) -> Body:
            done.append("recorded")
            again = super().record(body, generators)
            done.extend(self.looks)

            def replay() -> None:
                done.append("replayed")
                again()

            return replay

    monkeypatch.setattr(step_graphs, "can", lambda _device: True)
    monkeypatch.setattr(step_graphs, "Recorder", Recorder)
    return done


def pair(config: Config, tiny, device: torch.device) -> tuple[Trainer, Trainer]:
    """Return two trainers of one run, of which the second makes its steps by graphs."""
    eager, graphed = (Trainer(config, tiny, device) for _ in range(2))
    graphed.adapt(True)
    return eager, graphed


def apart(one: Trainer, other: Trainer) -> float:
    """Return how far the weights of two runs are from each other, as a share of what they are."""
    apart, whole = 0.0, 0.0
    nets = [(one.G, other.G), (one.D, other.D)]
    if one.ema and other.ema:
        nets.append((one.ema.model, other.ema.model))
    for a, b in nets:
        for name, x in a.state_dict().items():
            apart += float((x - b.state_dict()[name]).double().square().sum())
            whole += float(x.double().square().sum())
    return (apart / whole) ** 0.5


def agree(eager: Trainer, graphed: Trainer, rel: float = 1e-3) -> None:
    """Check that two runs are the same, but for rounding."""
    for trainer in (eager, graphed):
        trainer.drain()
    assert graphed.step == eager.step
    assert graphed._counts() == eager._counts()
    for name in (*METRICS, "epoch"):
        expected = eager.history.column(name)
        found = graphed.history.column(name)
        assert found == pytest.approx(expected, rel=rel, abs=rel / 10, nan_ok=True), name
    assert apart(eager, graphed) < rel


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_the_same_run(name: str, replayed, tiny, cpu):
    config = load_preset(name).config.changed(batch_size=8, dataset="mnist", image_size=28)
    eager, graphed = pair(config, tiny, cpu)
    for _ in range(STEPS):
        eager.train_step()
        graphed.train_step()
    assert graphed.graphs is not None
    assert graphed.graphs.refused is None
    looks = set(replayed) - {"recorded", "replayed"}
    assert replayed.count("replayed") >= 1
    if not config.conditional:  # on a processor, one_hot looks at the classes
        assert not looks
    agree(eager, graphed)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("order", ORDERS)
def test_what_is_edited_while_it_trains_acts_at_once(order: str, k: int, replayed, tiny, cpu):
    config = SMALL.changed(order=order, d_steps=k, r1=1.0, penalty_every=2, weight_clip=0.5)
    eager, graphed = pair(config, tiny, cpu)
    edits = {STEPS: {"g_lr": 0.01}, STEPS + 2: {"d_lr": 0.0}, STEPS + 3: {"d_steps": 2}}
    for step in range(3 * STEPS):
        for trainer in (eager, graphed):
            trainer.change(**edits.get(step, {}))
            trainer.train_step(Nets.G if step == 2 * STEPS else Nets.BOTH)
    agree(eager, graphed)
    assert 2 <= replayed.count("recorded") <= 4  # with a penalty or without, by either k


def test_a_kind_of_step_is_tried_once_it_is_usual(replayed, tiny, cpu):
    _, graphed = pair(SMALL, tiny, cpu)
    seen = []
    for _ in range(WARM_UP + 2):
        graphed.train_step()
        seen.append(list(replayed))
    assert seen[:WARM_UP] == [[]] * WARM_UP
    assert seen[WARM_UP:] == [["recorded", "replayed"], ["recorded", "replayed", "replayed"]]
    graphed.adapt(False)
    graphed.train_step()
    assert replayed == seen[-1]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("stream", ["_z_D", "_z_G"])
@pytest.mark.parametrize("order", ["d-first", "g-first-shared", "simultaneous"])
def test_what_is_not_finite_changes_nothing_and_is_named(
    order: str, stream: str, replayed, tiny, cpu
):
    """It is noticed some steps later, all of which are taken back."""
    config = SMALL.changed(order=order, d_steps=2, model="dcgan", batch_size=8)
    eager, graphed = pair(config, tiny, cpu)
    for trainer in (eager, graphed):
        noise = getattr(trainer, stream)
        noise.next()
        batch = 2 * STEPS + 1 if (order, stream) == ("d-first", "_z_D") else STEPS
        noise._block[8 * batch + 3] = float("nan")
        noise.count = 0
    said = ""
    for _ in range(STEPS + 1):
        try:
            eager.train_step()
        except StudioError as error:
            said = str(error)
    for step in range(STEPS + 4):
        if step == STEPS:
            graphed._drained = float("inf")  # no look before it is asked for
        graphed.train_step()
    assert graphed.step == STEPS + 4
    snapshot = graphed.snapshot()
    assert snapshot.step == graphed.step == eager.step == STEPS
    assert all(torch.isfinite(x).all() for x in graphed.G.state_dict().values())
    agree(eager, graphed)
    with pytest.raises(StudioError) as caught:
        graphed.train_step()
    assert str(caught.value) == said
    assert graphed.step == STEPS
    agree(eager, graphed)


def test_what_only_a_graph_takes_for_not_finite_is_made_without(replayed, tiny, cpu):
    eager, graphed = pair(SMALL, tiny, cpu)
    for step in range(STEPS + 5):
        if step == STEPS + 1:
            graphed.graphs._failed.fill_(1.0)
            graphed._drained = float("inf")  # no look before it is asked for
        eager.train_step()
        graphed.train_step()
    graphed.drain()
    assert graphed.step == STEPS + 1
    for _ in range(4):
        graphed.train_step()
    agree(eager, graphed)
    assert graphed.without_graphs == Phrase("graph-differs"), "or it would do so again"


@pytest.mark.usefixtures("small")
def test_a_failure_is_seen_before_a_step_that_would_not_know_of_it(replayed, tiny, cpu):
    """With a penalty every sixteenth step, there is a graph of the others only."""
    eager, graphed = pair(SMALL.changed(r1=1.0, penalty_every=16, order="d-first"), tiny, cpu)
    for trainer in (eager, graphed):
        trainer._z_G.next()
        trainer._z_G._block[16 * 15 + 2] = float("nan")
        trainer._z_G.count = 0
    for _ in range(15):
        eager.train_step()
    with pytest.raises(StudioError) as caught:
        eager.train_step()
    for _ in range(15):
        graphed.train_step()
    graphed._drained = float("inf")  # no look before it is asked for
    graphed.train_step()
    assert graphed.step == 16
    with pytest.raises(StudioError) as again:
        graphed.train_step()
    assert str(again.value) == str(caught.value)
    agree(eager, graphed)


def let_fail(trainer: Trainer, step: int) -> None:
    """Let a step to come fail, and nobody look before somebody asks."""
    count = trainer._z_G.count
    trainer._z_G.next()
    trainer._z_G._block[16 * (step - 1) + 2] = float("nan")
    trainer._z_G.count = count
    trainer._drained = float("inf")


def test_a_run_does_not_end_by_steps_that_are_taken_back(replayed, tiny, cpu):
    _, graphed = pair(SMALL, tiny, cpu)
    end = End(steps=STEPS + 3)
    while not end.is_reached(graphed):
        if graphed.step == STEPS:
            let_fail(graphed, STEPS + 2)
        graphed.train_step()
    assert not headless._is_over(graphed, end)
    assert graphed.step == STEPS + 1
    with pytest.raises(StudioError, match=f"at step {STEPS + 2}: "):
        graphed.train_step()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("limited", [True, False])
def test_the_window_does_not_pause_at_steps_that_are_taken_back(
    limited: bool, replayed, tiny_root, tmp_path
):
    window = Window(tmp_path, tiny_root, SMALL)
    window.train(STEPS)
    assert window.heard.status.step == STEPS
    let_fail(window.trainer, STEPS + 2)
    if limited:
        window.ask(lambda runner: runner.set_limit(STEPS + 3, None))
        window.ask(lambda runner: runner.start())
    else:
        window.train(3)
    assert [error.code for error in window.heard.errors] == ["non-finite"]
    assert window.trainer.step == STEPS + 1


def test_a_person_s_own_networks_are_not_put_into_graphs(replayed, tiny, tmp_path, cpu):
    text = Path(mlp_leaky.__file__).read_text(encoding="utf-8")
    (tmp_path / "own.py").write_text(text, encoding="utf-8")
    file = model_file.read(tmp_path / "own.py")
    model_file.run(file)
    trainer = Trainer(SMALL.changed(model=str(file.path)), tiny, cpu)
    assert trainer.without_graphs is None
    trainer.adapt(True)
    assert trainer.graphs is None
    assert "would stand still" in str(trainer.without_graphs)


def test_memory_that_a_try_would_take_is_not_missed(replayed, tiny, cpu, monkeypatch):
    eager, graphed = pair(SMALL, tiny, cpu)

    def no_memory(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(graphed.graphs, "_replay", no_memory)
    for _ in range(STEPS):
        eager.train_step()
        graphed.train_step()
    assert "out of memory" in str(graphed.without_graphs)
    agree(eager, graphed, rel=1e-6)


def test_a_try_that_is_interrupted_changes_nothing(replayed, tiny, cpu, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    _, graphed = pair(SMALL, tiny, cpu)
    for _ in range(WARM_UP):
        graphed.train_step()
    before = everything(graphed)
    monkeypatch.setattr(graphed.graphs, "_replay", interrupted)
    with pytest.raises(KeyboardInterrupt):
        graphed.train_step()
    assert same(everything(graphed), before)


@pytest.mark.parametrize("often", [1, 2])
def test_graphs_make_room_for_a_step_without(often: int, replayed, tiny, cpu, monkeypatch):
    """A step of a new kind, where graphs of others hold the memory that it needs."""
    eager, graphed = pair(SMALL, tiny, cpu)
    for _ in range(STEPS):
        eager.train_step()
        graphed.train_step()
    assert graphed.without_graphs is None
    draw, fails = graphed._game.fake, often

    def scarce(noise: Noise) -> Samples:
        nonlocal fails
        found = draw(noise)
        if fails:
            fails -= 1
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return found

    monkeypatch.setattr(graphed._game, "fake", scarce)
    if often > 1:
        with pytest.raises(torch.OutOfMemoryError):
            graphed.train_step(Nets.D)
    else:
        graphed.train_step(Nets.D)
        eager.train_step(Nets.D)
    assert "out of memory" in str(graphed.without_graphs)
    agree(eager, graphed, rel=1e-6)


def refuse(*_: object) -> None:
    """Fail as CUDA does: what is raised last says less than what was first."""
    try:
        raise RuntimeError("not allowed while recording\nand more")
    finally:
        raise RuntimeError("the recording has failed")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (lambda *_: 1 / 0, "no graph can be made of a step: division by zero"),
        (refuse, "no graph can be made of a step: not allowed while recording"),
        (lambda *_: lambda: None, "a step by a graph came to something else"),
    ],
)
def test_without_a_graph_that_does_the_same_steps_go_on(
    record, reason, replayed, tiny, cpu, monkeypatch
):
    monkeypatch.setattr(step_graphs.Recorder, "record", record)
    eager, graphed = pair(SMALL, tiny, cpu)
    for _ in range(STEPS):
        eager.train_step()
        graphed.train_step()
    assert str(graphed.without_graphs) == reason
    agree(eager, graphed, rel=1e-6)


@pytest.mark.usefixtures("small")
def test_the_window_makes_graphs_unless_runs_are_to_repeat(replayed, tiny_root, tmp_path):
    window = Window(tmp_path, tiny_root)
    assert window.trainer.graphs is not None
    window.ask(lambda runner: runner.set_exact(True))
    assert window.trainer.graphs is None
    window.ask(lambda runner: runner.set_exact(False))
    assert window.trainer.graphs is not None
    window.ask(lambda runner: runner.set_profile(True))  # which looks into steps
    assert window.trainer.graphs is None
    window.ask(lambda runner: runner.set_profile(False))
    window.train(STEPS)
    assert "replayed" in replayed
    assert window.heard.status.without_graphs is None
    window.trainer.graphs._refuse("graph-differs")
    window.train(1)
    assert window.heard.status.without_graphs == Phrase("graph-differs")


@pytest.mark.usefixtures("small")
def test_without_a_window_there_are_graphs_only_if_asked_for(replayed, tiny_root, tmp_path, capfd):
    trainer = headless.new_trainer(SMALL, "cpu", tiny_root)
    headless.train(trainer, tmp_path, Limit(steps=STEPS))
    assert replayed == []
    tuner = ThreadTuner()
    headless.train(trainer, tmp_path, Limit(steps=2 * STEPS), tuner=tuner)
    assert "replayed" in replayed
    assert "CUDA graphs" not in capfd.readouterr().err
    trainer.graphs._refuse("graph-not-made", reason="too new")
    headless.train(trainer, tmp_path, Limit(steps=3 * STEPS), tuner=tuner)
    assert "without CUDA graphs, since no graph can be made of a step: too new." in (
        capfd.readouterr().err
    )


def test_a_processor_has_no_graphs(tiny, cpu):
    trainer = Trainer(SMALL, tiny, cpu)
    trainer.adapt(True)
    assert trainer.graphs is None


@GPU
@pytest.mark.parametrize("name", preset_names())
def test_a_gpu_s_graphs_are_the_same_run(name: str, tiny):
    config = load_preset(name).config.changed(batch_size=8, dataset="mnist", image_size=28)
    eager, graphed = pair(config, tiny, torch.device("cuda"))
    for _ in range(STEPS):
        eager.train_step()
        graphed.train_step()
    assert graphed.graphs is not None
    assert graphed.graphs.refused is None
    assert graphed.graphs._graphs
    agree(eager, graphed, rel=1e-2)
