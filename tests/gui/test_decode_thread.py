from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hands import WAIT
from oracle import fresh_snapshot

from ganstudio.gui.threads import decode_thread
from ganstudio.gui.threads.decode_thread import (
    PIECE,
    PIECE_MOST,
    PIECE_SECONDS,
    DecodeThread,
)
from ganstudio.gui.threads.lanes import Job, Lane
from ganstudio.latent.decode import decode, effect, judge, judge_real, reconstruct
from ganstudio.latent.networks import Architecture
from ganstudio.latent.ranks import rank
from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.spec import LatentPart, LatentSpec
from ganstudio.work import Work

LATENT = LatentSpec((LatentPart(name="z", kind="normal", dim=6),))


def make_snapshot(step: int, run_id: str = "run") -> Snapshot:
    architecture = Architecture(model="mlp-gelu", latent=LATENT, image_shape=(1, 8, 8))
    return fresh_snapshot(architecture, step, run_id=run_id, step=step, d_updates=step)


@pytest.fixture
def thread(qtbot) -> Iterator[DecodeThread]:
    thread = DecodeThread()
    yield thread
    thread.stop()


def latents(n: int, seed: int = 0) -> np.ndarray:
    return LATENT.sample(n, np.random.default_rng(seed))


def test_the_latest_request_of_a_lane_wins(qtbot, thread) -> None:
    snapshot, answers = make_snapshot(3), []
    thread.image_drawn.connect(answers.append)
    for seed in range(5):  # all before the thread takes the first
        last = thread.ask(Job(lane=Lane.IMAGE, snapshot=snapshot, inputs=latents(1, seed)))
    with qtbot.waitSignal(thread.image_drawn, timeout=WAIT):
        thread.start()
    (answer,) = answers
    assert answer.request == last
    assert answer.step == 3
    expected = decode(snapshot, latents(1, 4))
    np.testing.assert_array_equal(answer.images, expected)


@pytest.mark.parametrize(
    ("show_seconds", "piece_seconds", "starts"),
    [
        (-1.0, 0.0, [0, PIECE, PIECE + 1, PIECE + 2]),
        (-1.0, 60.0, [0, PIECE]),
        (60, 0.0, [0]),
    ],
)
def test_a_grid_comes_after_the_large_image_and_in_pieces_if_it_is_slow(
    qtbot, thread, monkeypatch, show_seconds, piece_seconds, starts
) -> None:
    monkeypatch.setattr(decode_thread, "SHOW_SECONDS", show_seconds)
    monkeypatch.setattr(decode_thread, "PIECE_SECONDS", piece_seconds)
    snapshot, z, order = make_snapshot(1), latents(PIECE + 3), []
    thread.grid_drawn.connect(order.append)
    thread.image_drawn.connect(order.append)
    thread.ask(Job(lane=Lane.GRID, snapshot=snapshot, inputs=z))
    image = thread.ask(Job(lane=Lane.IMAGE, snapshot=snapshot, inputs=latents(1, 9)))
    thread.start()
    qtbot.waitUntil(lambda: len(order) == 1 + len(starts), timeout=WAIT)
    assert [answer.request == image for answer in order] == [True] + [False] * len(starts)
    assert [answer.start for answer in order[1:]] == starts
    seconds = [answer.seconds for answer in order[1:]]
    assert seconds == sorted(seconds)
    assert seconds[0] > 0
    drawn = np.concatenate([answer.images for answer in order[1:]])
    difference = drawn.astype(int) - decode(snapshot, z)
    assert np.abs(difference).max() <= 1  # batches of another size may round otherwise


def ask_for_reference(thread: DecodeThread, snapshot: Snapshot, images: np.ndarray) -> None:
    labels = np.zeros(len(images), np.int64)
    thread.ask(Job(lane=Lane.REFERENCE, snapshot=snapshot, inputs=images, labels=labels))


def test_the_rank_is_among_the_held_out_images_of_the_same_run(qtbot, thread) -> None:
    snapshot, z = make_snapshot(1), latents(1)
    held_out = np.random.default_rng(5).integers(0, 256, (40, 1, 8, 8), np.uint8)
    labels = np.zeros(40, np.int64)
    thread.start()
    with qtbot.waitSignal(thread.image_drawn, timeout=WAIT) as unranked:
        thread.ask(Job(lane=Lane.IMAGE, snapshot=snapshot, inputs=z))
    assert unranked.args[0].rank is None
    with qtbot.waitSignal(thread.reference_judged, timeout=WAIT):
        ask_for_reference(thread, snapshot, held_out)
    with qtbot.waitSignal(thread.image_drawn, timeout=WAIT) as ranked:
        thread.ask(Job(lane=Lane.IMAGE, snapshot=snapshot, inputs=z))
    logit = judge(snapshot, decode(snapshot, z), z)[0]
    assert ranked.args[0].rank == pytest.approx(
        rank(logit, judge_real(snapshot, held_out, labels)), abs=0.03
    )
    with qtbot.waitSignal(thread.image_drawn, timeout=WAIT) as other:
        thread.ask(Job(lane=Lane.IMAGE, snapshot=make_snapshot(1, "another"), inputs=z))
    assert other.args[0].rank is None


def test_a_d_that_was_never_updated_gives_no_verdict(qtbot, thread) -> None:
    """Whatever step the image is of: G may be trained alone."""
    untrained, z = make_snapshot(0), latents(1)
    held_out = np.zeros((4, 1, 8, 8), np.uint8)
    thread.start()
    with qtbot.waitSignal(thread.reference_judged, timeout=WAIT):
        ask_for_reference(thread, untrained, held_out)
    later = replace(untrained, step=9)
    with qtbot.waitSignal(thread.image_drawn, timeout=WAIT) as drawn:
        thread.ask(Job(lane=Lane.IMAGE, snapshot=later, inputs=z))
    assert (drawn.args[0].rank, drawn.args[0].learned) == (None, False)


def test_pieces_fit_the_time_of_each_lane_and_model(monkeypatch) -> None:
    now = [0.0]
    monkeypatch.setattr(decode_thread.time, "thread_time", lambda: now[0])
    pieces = decode_thread._Pieces()
    small = Job(lane=Lane.GRID, snapshot=make_snapshot(1))
    assert pieces.images(small) == PIECE
    now[0] = 2 * PIECE_SECONDS
    assert pieces.took(0.0, Lane.GRID, 8) == 2 * PIECE_SECONDS
    assert pieces.images(small) == 4
    assert pieces.images(replace(small, lane=Lane.REFERENCE)) == PIECE
    pieces.took(0.0, Lane.GRID, 1)
    assert pieces.images(small) == 1, "one at least"
    pieces.took(now[0], Lane.GRID, 9)
    assert pieces.images(small) == PIECE_MOST
    other = Architecture(model="mlp-leaky", latent=LATENT, image_shape=(1, 8, 8))
    another = replace(small, snapshot=replace(small.snapshot, architecture=other))
    assert pieces.images(another) == PIECE


def test_the_effect_of_every_dimension_is_measured(qtbot, thread, monkeypatch) -> None:
    thread.start()
    snapshot, z = make_snapshot(1), latents(1)
    monkeypatch.setattr(decode_thread, "PIECE", 4)  # images, two dimensions
    with qtbot.waitSignal(thread.effect_measured, timeout=WAIT) as measured:
        thread.ask(Job(lane=Lane.EFFECT, snapshot=snapshot, inputs=z))
    run_id, found = measured.args
    assert run_id == snapshot.run_id
    expected = effect(snapshot, z[0], range(6))
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    assert not np.allclose(expected, expected[::-1], rtol=0.1), "in no other order"


@pytest.mark.parametrize(
    ("lane", "told"), [(Lane.TRAIL, "trail_drawn"), (Lane.COMPARED, "compared_drawn")]
)
@pytest.mark.parametrize("averaged", [True, False])
def test_each_of_some_models_draws_the_one_z(qtbot, thread, lane, told, averaged) -> None:
    latest = [make_snapshot(step) for step in (1, 2, 3)]
    models = [replace(one, G_ema=make_snapshot(one.step + 9).G) for one in latest]
    z = latents(1)
    thread.start()
    with qtbot.waitSignal(getattr(thread, told), timeout=WAIT) as drawn:
        job = Job(lane=lane, snapshot=models[0], inputs=z, averaged=averaged, trail=tuple(models))
        thread.ask(job)
    images = [decode(one, z, averaged=averaged)[0] for one in models]
    np.testing.assert_array_equal(drawn.args[0].images, images)
    others = [decode(one, z, averaged=not averaged)[0] for one in models]
    assert not np.array_equal(images, others)


def test_what_takes_too_long_is_answered_by_the_best_so_far(qtbot, thread, monkeypatch) -> None:
    monkeypatch.setattr("ganstudio.latent.inversion.PATIENCE", 1e-9)
    monkeypatch.setattr(decode_thread, "PIECE_MOST", 2)
    snapshot, work = make_snapshot(1), Work()
    target = np.full((1, 1, 8, 8), 200, np.uint8)
    pieces: list[float] = []
    monkeypatch.setattr(work, "at", pieces.append)
    thread.start()
    with qtbot.waitSignal(thread.found, timeout=WAIT) as found:
        request = thread.ask(Job(lane=Lane.FIND, snapshot=snapshot, inputs=target, work=work))
    assert found.args[0] == request
    assert found.args[1].z.shape == (6,)
    assert len(pieces) == 1
    with qtbot.waitSignal(thread.directions_found, timeout=WAIT) as directions:
        thread.ask(Job(lane=Lane.DIRECTIONS, snapshot=snapshot))
    assert directions.args[1].vectors.shape == (6, 6)


def test_it_stops_with_requests_waiting(qtbot) -> None:
    thread = DecodeThread()
    for lane in (Lane.IMAGE, Lane.GRID):
        thread.ask(Job(lane=lane, snapshot=make_snapshot(1), inputs=latents(PIECE)))
    thread.start()
    thread.stop()
    assert thread.isFinished()


def test_a_request_that_fails_is_told_and_later_ones_are_answered(qtbot, thread) -> None:
    snapshot = make_snapshot(1)
    thread.ask(Job(lane=Lane.IMAGE, snapshot=snapshot, inputs=np.zeros((1, 5), np.float32)))
    with qtbot.waitSignal(thread.failed, timeout=WAIT) as failed:
        thread.start()
    lane, error = failed.args
    assert (lane, error.code) == (Lane.IMAGE, "latent-mismatch")
    with qtbot.waitSignal(thread.image_drawn, timeout=WAIT):
        thread.ask(Job(lane=Lane.IMAGE, snapshot=snapshot, inputs=latents(1)))


def test_an_autoencoder_restores_images(qtbot, thread) -> None:
    architecture = Architecture(model="aae", latent=LATENT, image_shape=(1, 8, 8))
    snapshot = fresh_snapshot(architecture, step=4)
    average = {name: value + 1 for name, value in snapshot.G.items()}
    snapshot = replace(snapshot, G_ema=average)
    images = np.random.default_rng(0).integers(0, 256, (PIECE, 1, 8, 8), dtype=np.uint8)
    answers = []
    thread.reconstructed.connect(answers.append)
    thread.start()
    for averaged in (True, False):
        job = Job(lane=Lane.RECONSTRUCTION, snapshot=snapshot, inputs=images, averaged=averaged)
        with qtbot.waitSignal(thread.reconstructed, timeout=WAIT):
            thread.ask(job)
        assert answers[-1].step == 4
        expected = reconstruct(snapshot, images, averaged=averaged)
        np.testing.assert_array_equal(answers[-1].images, expected)
    assert not np.array_equal(answers[0].images, answers[1].images)
