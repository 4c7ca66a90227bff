"""The decode thread: from z to pixels on snapshots, while training runs.

One torch thread; in every lane the latest request wins. The lane of the large image comes first,
and the others work in pieces of a few milliseconds, so that it never waits long.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QThread, Signal, SignalInstance

from ganstudio.data import pictures
from ganstudio.data.dataset import Dataset
from ganstudio.errors import StudioError, unexpected
from ganstudio.evaluation.passing import REDRAWN, accepts_drawings, convincing
from ganstudio.gui.threads.lanes import Drawn, Job, Lane, OtherRun, Verdict
from ganstudio.gui.widgets.series import read
from ganstudio.images import captioned, enlarged, grid
from ganstudio.latent.directions import DIGITS, Directions
from ganstudio.latent.ranks import rank, ranks
from ganstudio.latent.spec import Array
from ganstudio.work import Cancelled

if TYPE_CHECKING:
    from ganstudio.evaluation.attributes import Search as AttributeSearch
    from ganstudio.evaluation.neighbourhood import Neighbourhood
    from ganstudio.evaluation.neighbours import Neighbours
    from ganstudio.latent.inversion import Inversion
    from ganstudio.latent.networks import Architecture
    from ganstudio.latent.search import Search
    from ganstudio.latent.snapshot import Snapshot
    from ganstudio.training.health import Observation
    from ganstudio.training.observer import Observer
    from ganstudio.training.status import RunInfo

Pixels = NDArray[np.uint8]

# Between two looks at what else waits, as many images are computed as take so long.
PIECE_SECONDS = 0.005
PIECE, PIECE_MOST = 16, 64  # the first piece, before it is known how long, and the largest
CURVE_POINTS, SMOOTHED = 200, 30  # of a run beside others: points, and half-lives in all
FRAME_PIECE = 16  # images of a film's frame that are drawn in one
ANEW = 8  # images that were drawn anew, and are judged in a piece
SHOW_SECONDS = 0.1  # of a grid that takes longer, what is done is shown this often


class DecodeThread(QThread):
    """Answers the latest request of each lane.

    Signals:
        image_drawn: a `Drawn` of one image.
        thumbnails_drawn: a `Drawn` of all images asked for.
        grid_drawn: a `Drawn`, a piece of the grid.
        rival_drawn: a `Drawn` of all images asked for.
        reconstructed: a `Drawn` of all images asked for.
        judged: a `Verdict`.
        found: (the request's number, `Found`: the z of an image).
        walk_drawn: a `Drawn` of all images asked for.
        walk_lost(), search_lost(): nothing will come of one, or of a search for directions.
        past_read: (the request's number, `Snapshot` of an earlier step).
        run_read: (the request's number, the `Path` of its file, `OtherRun`).
        compared_drawn: a `Drawn` of one image a model.
        film_drawn: frames, (N, C, H, W) uint8; film_lost(): there will be none.
        trail_drawn: a `Drawn` of one image a model.
        neighbours_found: (the request's number, `Neighbourhood`).
        indexed: (the `Dataset`, how much of a look at it is done, in [0, 1]).
        effect_measured: (run id, (latent_dim,) float32).
        directions_found: (run id, `Directions`, or `NamedDirections` of attributes).
        looked: (run id, `Observation`, seconds to the next look).
        reference_judged: the request's number; verdicts are ranked by newer logits from now on.
        failed: (`Lane`, `StudioError`); the request that it belongs to is forgotten.
    """

    image_drawn = Signal(object)
    thumbnails_drawn = Signal(object)
    grid_drawn = Signal(object)
    rival_drawn = Signal(object)
    reconstructed = Signal(object)
    judged = Signal(object)
    found = Signal(int, object)
    walk_drawn = Signal(object)
    walk_lost = Signal()
    search_lost = Signal()
    past_read = Signal(int, object)
    run_read = Signal(int, object, object)
    compared_drawn = Signal(object)
    film_drawn = Signal(object)
    film_lost = Signal()
    trail_drawn = Signal(object)
    neighbours_found = Signal(int, object)
    indexed = Signal(object, float)
    effect_measured = Signal(str, object)
    directions_found = Signal(str, object)
    looked = Signal(str, object, float)
    reference_judged = Signal(int)
    failed = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("decode_thread")
        self._jobs: dict[Lane, Job] = {}
        self._wake = threading.Condition()
        self._closed = False
        self._requests = 0
        self._whole: dict[Lane, list[NDArray[np.uint8]]] = {}  # the pieces so far
        self._values: dict[Lane, list[NDArray[np.float32]]] = {}
        self._searches: dict[Lane, Search | AttributeSearch] = {}
        self._drawn: list[NDArray[np.uint8]] = []  # pieces that have not been shown
        self._seconds = 0.0  # of decoding the grid so far
        self._pieces = _Pieces()
        self._shown_at = 0.0
        self._judged: list[NDArray[np.float32]] = []  # the pieces so far
        self._measured: list[NDArray[np.float32]] = []
        self._inversion: Inversion  # in the lane FIND
        self._spent: dict[Lane, float] = {}  # seconds, on what is looked for
        self._observer: tuple[str, Observer] | None = None  # of a run
        self._look: Iterator[Observation | None] = iter(())
        self._reference: _Reference | None = None
        self._verdicts: Iterator[Verdict | None] = iter(())  # on an image
        self._redrawn: tuple[Pixels, Pixels] | None = None  # held-out images, the first drawn anew
        self._neighbours: Neighbours | None = None
        self._kept: Dataset | None = None  # of which neighbours may be known
        self._near: Iterator[Neighbourhood | None] = iter(())
        self._frames: Iterator[Pixels | None] = iter(())

    def ask(self, job: Job) -> int:
        """Ask for a job; an earlier one in the same lane that waits is forgotten.

        Returns
        -------
        int
            The number of the request: answers to later ones have higher numbers.
        """
        with self._wake:
            self._requests += 1
            self._jobs[job.lane] = replace(job, request=self._requests)
            self._wake.notify()
            return self._requests

    def forget_others(self, dataset: Dataset) -> None:
        """Let go of what is known of other datasets and their images, and of what asks for them."""
        with self._wake:
            self._kept = dataset
            self._wake.notify()

    def stop(self) -> None:
        """End the thread after the current piece, and wait for it."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self.wait()

    def run(self) -> None:
        """Answer requests until stopped (called by Qt in the new thread)."""
        if (job := self._next()) is None:
            return
        from ganstudio.latent.snapshot import forget, go_aside
        from ganstudio.training.threads import use_threads

        use_threads(1)  # more would wait for training's cores at every operation
        go_aside()
        while job is not None:
            try:
                self._do(job)
            except Cancelled:
                _end(job)
                self._lose(job)
            except Exception as error:  # whatever it is, later requests must be answered
                _end(job)
                self._lose(job)
                self.failed.emit(job.lane, unexpected(error))
            job = self._next()
        forget()  # weights that nobody else has, Python cannot free while it ends a thread

    def _lose(self, job: Job) -> None:
        """Tell that a job is over whose answer somebody waits for."""
        if job.lane is Lane.WALK:
            self.walk_lost.emit()
        elif job.lane is Lane.FILM:
            self.film_lost.emit()
        elif job.lane in (Lane.DIRECTIONS, Lane.ATTRIBUTES):
            self.search_lost.emit()

    def _next(self) -> Job | None:
        """Wait for jobs and take the most urgent one; None to end."""
        with self._wake:
            self._forget()
            while not self._jobs and not self._closed:
                self._wake.wait()
                self._forget()
            return None if self._closed else self._jobs.pop(min(self._jobs))

    def _forget(self) -> None:
        """Do as `forget_others` was told, between two pieces."""
        known, kept = self._neighbours, self._kept
        if known is None or kept is None or known.dataset is kept:
            return
        self._neighbours = self._redrawn = None
        self._near, self._verdicts = iter(()), iter(())
        for lane in (Lane.INDEX, Lane.NEIGHBOURS, Lane.VERDICT):
            job = self._jobs.get(lane)
            if job is not None and job.info is not None and job.info.dataset is not kept:
                del self._jobs[lane]

    def _do(self, job: Job) -> None:
        match job.lane:
            case Lane.IMAGE:
                self._draw_image(job)
            case Lane.PAST:
                from ganstudio.training import past

                _, snapshot = past.read(job.paths[0], job.snapshot)
                self.past_read.emit(job.request, snapshot)
            case Lane.VERDICT:
                self._judge_image(job)
            case Lane.FIND:
                self._find_piece(job)
            case Lane.THUMBNAILS:
                self._draw_all(job, self.thumbnails_drawn)
            case Lane.TRAIL:
                self._draw_trail(job, self.trail_drawn)
            case Lane.COMPARED:
                self._draw_trail(job, self.compared_drawn)
            case Lane.RUN:
                self._read_run(job)
            case Lane.NEIGHBOURS:
                self._near_piece(job)
            case Lane.INDEX:
                self._index_piece(job)
            case Lane.GRID:
                self._draw_piece(job)
            case Lane.RIVAL:
                self._draw_all(job, self.rival_drawn)
            case Lane.RECONSTRUCTION:
                self._reconstruct(job)
            case Lane.REFERENCE:
                self._judge_piece(job)
            case Lane.EFFECT:
                self._measure_piece(job)
            case Lane.DIRECTIONS | Lane.ATTRIBUTES:
                self._search_piece(job)
            case Lane.HEALTH:
                self._look_piece(job)
            case Lane.WALK:
                self._draw_all(job, self.walk_drawn)
            case Lane.FILM:
                self._film_piece(job)

    def _draw_image(self, job: Job) -> None:
        from ganstudio.latent.decode import decode, judge

        z = np.asarray(job.inputs, np.float32)
        images = decode(job.snapshot, z, averaged=job.averaged)
        drawn = _stamped(job, images)
        known = self._reference
        if known is not None and known.snapshot.run_id == job.snapshot.run_id:
            judging, logits = known.snapshot, known.logits  # one D for both, though G may be newer
            if judging.d_updates:
                drawn = replace(drawn, rank=rank(float(judge(judging, images, z)[0]), logits))
            else:
                drawn = replace(drawn, learned=False)
        self.image_drawn.emit(drawn)

    def _draw_all(self, job: Job, drawn: SignalInstance) -> None:
        """Draw the next of some images; they are shown once all are drawn."""
        from ganstudio.latent.decode import decode

        z = np.asarray(job.inputs, np.float32)
        end = min(job.start + self._pieces.images(job), len(z))
        if job.start == 0:
            self._whole[job.lane], self._values[job.lane] = [], []
        start = time.thread_time()
        images = decode(job.snapshot, z[job.start : end], averaged=job.averaged)
        self._whole[job.lane].append(images)
        if job.colour:
            self._values[job.lane].append(self._value(job, images, z[job.start : end]))
        self._pieces.took(start, job.lane, end - job.start)
        if job.work is not None:
            job.work.at(end / len(z))
        if end < len(z):
            self._continue(job, end)
        else:
            _end(job)
            whole = _stamped(job, np.concatenate(self._whole.pop(job.lane)))
            values = np.concatenate(self._values.pop(job.lane)) if job.colour else None
            drawn.emit(replace(whole, colour=job.colour, values=values))

    def _draw_trail(self, job: Job, drawn: SignalInstance) -> None:
        """Draw z by the next of some models; all are shown together."""
        from ganstudio.latent.decode import decode

        if job.start == 0:
            self._whole[job.lane] = []
        z = np.asarray(job.inputs, np.float32)
        self._whole[job.lane].append(decode(job.trail[job.start], z, averaged=job.averaged))
        if job.start + 1 < len(job.trail):
            self._continue(job, job.start + 1)
        else:
            drawn.emit(_stamped(job, np.concatenate(self._whole.pop(job.lane))))

    def _read_run(self, job: Job) -> None:
        """Read a run's curves, in so many points, and its networks."""
        from ganstudio.training import checkpoint
        from ganstudio.training.history import METRICS, History

        path = job.paths[0]
        content = checkpoint.read(path)
        history = History()
        if content.get("history") is not None:
            history.append(content["history"].numpy())
        curves = {}
        steps = len(history)
        for name in METRICS:
            half_life = max(1, steps // SMOOTHED)
            found = read(history, name, 0, steps, points=CURVE_POINTS, half_life=half_life)
            curves[name] = (found.rows + 1).astype(np.float64), found.smooth.astype(np.float64)
        try:
            snapshot = checkpoint.snapshot_of(content, path)
        except StudioError:  # it is told when the run is opened
            snapshot = None
        self.run_read.emit(job.request, path, OtherRun(curves, snapshot))

    def _film_piece(self, job: Job) -> None:
        """Go on drawing the grid at earlier steps; a frame is a sheet with its step below."""
        assert job.work is not None
        if job.start == 0:
            self._frames = self._frames_of(job)
        frames = next(self._frames)
        if frames is None:
            self._continue(job, job.start + 1)
            return
        self._frames = iter(())
        _end(job)
        if len(frames):
            self.film_drawn.emit(frames)
        else:
            self._lose(job)

    def _frames_of(self, job: Job) -> "Iterator[Pixels | None]":
        """Draw frames, a few images at a time; in the end, give all of them."""
        from ganstudio.latent.decode import decode
        from ganstudio.training import past

        assert job.work is not None
        z, frames = np.asarray(job.inputs, np.float32), []
        for done, path in enumerate(job.paths):
            job.work.at(done / len(job.paths))
            try:
                _, snapshot = past.read(path, job.snapshot)
            except StudioError:  # it has made room for later ones, or is damaged
                continue
            yield None
            images: list[Pixels] = []
            for place in range(0, len(z), FRAME_PIECE):
                piece = z[place : place + FRAME_PIECE]
                images.append(decode(snapshot, piece, averaged=job.averaged))
                yield None
            sheet = grid(np.concatenate(images), job.snapshot.latent.columns)
            frames.append(captioned(enlarged(sheet), f"{snapshot.step:,}").transpose(2, 0, 1))
        yield np.stack(frames) if frames else np.zeros((0, 1, 1, 1), np.uint8)

    def _near_piece(self, job: Job) -> None:
        """Go on looking for the training images nearest to the image of z."""
        from ganstudio.latent.decode import decode

        if job.start == 0:
            assert job.info is not None
            z = np.asarray(job.inputs, np.float32)
            image = decode(job.snapshot, z, averaged=job.averaged)[0]
            self._near = self._among(job.info.dataset).of(image)
        found = next(self._near)
        if found is None:
            self._continue(job, job.start + 1)
        else:
            self._near = iter(())  # which knows the dataset
            self.neighbours_found.emit(job.request, found)

    def _index_piece(self, job: Job) -> None:
        """Go on looking at the training images that neighbours are found among."""
        assert job.info is not None
        known = self._among(job.info.dataset)
        images = self._pieces.images(job)
        before, start = known.fraction, time.thread_time()
        done = known.go_on(images, features=job.features)
        self._pieces.took(start, job.lane, images)
        if done or int(100 * known.fraction) > int(100 * before):
            self.indexed.emit(known.dataset, 1.0 if done else known.fraction)
        if not done:
            self._continue(job, job.start + 1)

    def _among(self, dataset: Dataset) -> "Neighbours":
        """Return what finds neighbours in a dataset, as far as it is; that of another goes."""
        from ganstudio.evaluation.neighbours import Neighbours

        if self._neighbours is None or self._neighbours.dataset is not dataset:
            self._neighbours = Neighbours(dataset)
        return self._neighbours

    def _value(self, job: Job, images: NDArray[np.uint8], z: Array) -> NDArray[np.float32]:
        """Return what the images are to be coloured by."""
        from ganstudio.evaluation.features import digits
        from ganstudio.latent.decode import judge

        if job.colour == "digit":
            seen: NDArray[np.float32] = digits().of(images)[1].argmax(axis=1).astype(np.float32)
            return seen
        known = self._reference
        if known is None or known.snapshot.run_id != job.snapshot.run_id:
            return np.full(len(images), np.nan, np.float32)
        if not known.snapshot.d_updates:
            return np.full(len(images), np.nan, np.float32)
        return ranks(judge(known.snapshot, images, z), known.logits)

    def _draw_piece(self, job: Job) -> None:
        """Draw the next piece of a grid; show it with others, since each showing costs a paint."""
        from ganstudio.latent.decode import decode

        z = np.asarray(job.inputs, np.float32)
        end = min(job.start + self._pieces.images(job), len(z))
        if job.start == 0:
            self._drawn, self._shown_at, self._seconds = [], time.monotonic(), 0.0
        start = time.thread_time()
        self._drawn.append(decode(job.snapshot, z[job.start : end], averaged=job.averaged))
        self._seconds += self._pieces.took(start, job.lane, end - job.start)
        if end == len(z) or time.monotonic() - self._shown_at > SHOW_SECONDS:
            images = np.concatenate(self._drawn)
            self._drawn, self._shown_at = [], time.monotonic()
            drawn = _stamped(replace(job, start=end - len(images)), images)
            self.grid_drawn.emit(replace(drawn, seconds=self._seconds))
        if end < len(z):
            self._continue(job, end)

    def _reconstruct(self, job: Job) -> None:
        from ganstudio.latent.decode import reconstruct

        images = np.asarray(job.inputs, np.uint8)
        restored = reconstruct(job.snapshot, images, averaged=job.averaged)
        self.reconstructed.emit(_stamped(job, restored))

    def _judge_piece(self, job: Job) -> None:
        """Judge the next held-out images; the logits count once all are judged."""
        from ganstudio.latent.decode import judge_real

        assert job.labels is not None
        images = np.asarray(job.inputs, np.uint8)
        end = min(job.start + self._pieces.images(job), len(images))
        if job.start == 0:
            self._judged = []
        piece = slice(job.start, end)
        start = time.thread_time()
        self._judged.append(judge_real(job.snapshot, images[piece], job.labels[piece]))
        self._pieces.took(start, job.lane, end - job.start)
        if end < len(images):
            self._continue(job, end)
        else:
            self._reference = _Reference(job.snapshot, np.concatenate(self._judged))
            self.reference_judged.emit(job.request)

    def _measure_piece(self, job: Job) -> None:
        """Measure the effect of the next dimensions; each takes two images."""
        from ganstudio.latent.decode import effect

        z: Array = np.asarray(job.inputs, np.float32)[0]
        count = max(1, self._pieces.images(job) // 2)
        dims = range(job.start, min(job.start + count, len(z)))
        if job.start == 0:
            self._measured = []
        start = time.thread_time()
        self._measured.append(effect(job.snapshot, z, dims, averaged=job.averaged))
        self._pieces.took(start, job.lane, 2 * len(dims))
        if dims.stop < len(z):
            self._continue(job, dims.stop)
        else:
            self.effect_measured.emit(job.snapshot.run_id, np.concatenate(self._measured))

    def _judge_image(self, job: Job) -> None:
        """Go on with what D thinks of an image, and how well that passes for a real one."""
        if job.start == 0:
            self._verdicts = self._verdicts_on(job)
        verdict = next(self._verdicts)
        if verdict is not None:
            self.judged.emit(verdict)
        if verdict is None or not verdict.final:
            self._continue(job, job.start + 1)
        else:
            self._verdicts = iter(())  # which knows the dataset

    def _verdicts_on(self, job: Job) -> Iterator[Verdict | None]:
        """Judge by the D that the reference is of, where there is one.

        How well the image passes follows, where the training images have been looked at. An
        autoencoder's D, which judges codes, has no opinion of that.
        """
        from ganstudio.latent.decode import taste

        assert job.labels is not None
        assert job.info is not None
        image, known = np.asarray(job.inputs, np.uint8)[0], self._reference
        if known is not None and known.snapshot.run_id != job.snapshot.run_id:
            known = None
        judging = known.snapshot if known is not None else job.snapshot
        logit, wishes = taste(judging, image, int(job.labels[0]))
        verdict = Verdict(run_id=judging.run_id, rank=None, wishes=wishes)
        if known is None or not judging.d_updates:
            yield verdict
            return
        by_D = rank(logit, known.logits)
        verdict = replace(verdict, rank=by_D)
        if job.info.autoencoder:
            yield verdict
            return
        yield replace(verdict, final=False)
        if known.accepts is None:
            yield from self._ask_of_drawings(known, job.info)
        verdict = replace(verdict, accepts=known.accepts is not False)
        among = self._neighbours
        typical = None
        if among is not None and among.dataset is job.info.dataset:
            typical = among.typical
        if among is None or typical is None:
            yield verdict
            return
        for found in among.of(image, features=False):
            if found is None:
                yield None
            elif found.pixels is not None and found.pixels.share is not None:
                nearer = found.pixels.share
                passing = convincing(by_D, 1 - nearer, known.logits, typical)
                yield replace(verdict, typical=1 - nearer, convincing=passing)

    def _ask_of_drawings(self, known: "_Reference", info: "RunInfo") -> Iterator[None]:
        """Find out whether D accepts held-out images that are drawn anew; one a piece is drawn."""
        from ganstudio.latent.decode import judge_real

        if self._redrawn is None or self._redrawn[0] is not info.held_out:
            digit = info.config.dataset in DIGITS
            anew = []
            for image in info.held_out[:REDRAWN]:
                anew.append(pictures.redrawn(image, digit=digit))
                yield None
            self._redrawn = info.held_out, np.stack(anew)
        images, labels = self._redrawn[1], info.held_out_labels
        logits = []
        for place in range(0, len(images), ANEW):
            piece = slice(place, place + ANEW)
            logits.append(judge_real(known.snapshot, images[piece], labels[:REDRAWN][piece]))
            yield None
        known.accepts = accepts_drawings(np.concatenate(logits), known.logits)

    def _find_piece(self, job: Job) -> None:
        """Go on looking for the z of an image."""
        from ganstudio.latent.inversion import PATIENCE, Inversion

        assert job.work is not None
        if job.start == 0:
            target = np.asarray(job.inputs, np.uint8)[0]
            self._inversion = Inversion(
                job.snapshot, target, averaged=job.averaged, within=job.within
            )
            self._spent[job.lane] = 0.0
        patience = self._spent[job.lane] / PATIENCE
        job.work.at(min(max(self._inversion.fraction, patience), 0.99))
        images = self._pieces.images(job)
        start = time.thread_time()
        found = self._inversion.go_on(images)
        self._spent[job.lane] += self._pieces.took(start, job.lane, images)
        if found is None and self._spent[job.lane] > PATIENCE:
            found = self._inversion.so_far()
        if found is None:
            self._continue(job, job.start + 1)
        else:
            _end(job)
            self.found.emit(job.request, found)

    def _search_piece(self, job: Job) -> None:
        """Go on with a search for directions; what is found is matched to the former ones."""
        from ganstudio.latent.inversion import PATIENCE
        from ganstudio.latent.search import Search

        if job.start == 0:
            self._searches[job.lane] = self._new_search(job)
            self._spent[job.lane] = 0.0
        search = self._searches[job.lane]
        drawing, images = search.drawing, self._pieces.images(job)
        start = time.thread_time()
        found = search.go_on(images)
        if drawing:
            self._spent[job.lane] += self._pieces.took(start, job.lane, images)
        if found is None and isinstance(search, Search) and self._spent[job.lane] > PATIENCE:
            found = search.so_far()
        if found is None:
            self._continue(job, job.start + 1)
            return
        del self._searches[job.lane]
        if isinstance(found, Directions) and job.former is not None:
            found = found.like(job.former)
        self.directions_found.emit(job.snapshot.run_id, found)

    def _new_search(self, job: Job) -> "Search | AttributeSearch":
        if job.lane is Lane.DIRECTIONS:
            from ganstudio.latent.search import Search

            return Search(job.snapshot, averaged=job.averaged)
        from ganstudio.evaluation.attributes import Search as AttributeSearch

        return AttributeSearch(job.snapshot, averaged=job.averaged)

    def _look_piece(self, job: Job) -> None:
        """Go on with a look at D and G for a few milliseconds."""
        from ganstudio.training.observer import Observer

        assert job.info is not None
        if self._observer is None or self._observer[0] != job.info.run_id:
            self._observer = job.info.run_id, Observer(job.info)
        if job.start == 0:
            self._look = self._observer[1].look(job.snapshot)
        seen = next(self._look)
        if seen is None:
            self._continue(job, job.start + 1)
        else:
            self.looked.emit(job.info.run_id, seen, self._observer[1].wait)

    def _continue(self, job: Job, start: int) -> None:
        """Put the rest of a job back, unless a newer request came."""
        with self._wake:
            self._jobs.setdefault(job.lane, replace(job, start=start))


@dataclass(eq=False, slots=True)
class _Reference:
    """What D thinks of held-out images, (M,) logits, and whether it accepts any drawing."""

    snapshot: "Snapshot"
    logits: NDArray[np.float32]
    accepts: bool | None = None  # not known yet


class _Pieces:
    """How many images of a lane are computed at a time: as many as take PIECE_SECONDS."""

    def __init__(self) -> None:
        self._architecture: Architecture | None = None
        self._fitting: dict[Lane, int] = {}

    def images(self, job: Job) -> int:
        """Return how many images the next piece of a job is to have."""
        if self._architecture != job.snapshot.architecture:
            self._architecture, self._fitting = job.snapshot.architecture, {}
        return self._fitting.get(job.lane, PIECE)

    def took(self, start: float, lane: Lane, images: int) -> float:
        """Return the seconds since `start`, a thread's time, which so many images took."""
        seconds = time.thread_time() - start
        fitting = images * PIECE_SECONDS / max(seconds, 1e-6)
        self._fitting[lane] = max(1, min(int(fitting), PIECE_MOST))
        return seconds


def _end(job: Job) -> None:
    if job.work is not None:
        job.work.end()


def _stamped(job: Job, images: NDArray[np.uint8]) -> Drawn:
    return Drawn(request=job.request, snapshot=job.snapshot, start=job.start, images=images)
