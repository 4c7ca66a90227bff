"""Between the panels and the decode thread: what is asked of it, and where its answers go."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from ganstudio.data.dataset import Dataset
from ganstudio.errors import StudioError
from ganstudio.evaluation.neighbourhood import Neighbourhood
from ganstudio.gui.panels.latent import LatentPanel
from ganstudio.gui.panels.samples import SamplesPanel
from ganstudio.gui.threads.decode_thread import DecodeThread
from ganstudio.gui.threads.lanes import Drawn, Job, Lane, Verdict
from ganstudio.latent.directions import DIGITS, Directions, NamedDirections
from ganstudio.latent.spec import Array, Stream, generator
from ganstudio.latent.trail import FEWEST, Trail
from ganstudio.library import Moment
from ganstudio.training.status import RunInfo
from ganstudio.work import Work

if TYPE_CHECKING:
    from ganstudio.latent.inversion import Found
    from ganstudio.latent.snapshot import Snapshot

JUDGE_SECONDS = 2.0  # between two times that D judges held-out images while training goes on


class Decoder(QObject):
    """Draws and judges for the panels, by the newest snapshot of the run or the held one.

    Answers about a run that is no longer the current one are dropped.

    Signals:
        grid_drawn(seconds): the whole grid is drawn, which took so long.
        find_began: a `Work`: the z of an image is being looked for.
        walk_drawn: (N, C, H, W) uint8, the images of the walk.
        walk_lost(): there will be none.
        held_changed(object, object): what was held, and what is now: a `Snapshot` or None.
        looked_back(object): the step that all panels show now; None is the newest.
        failed: a `StudioError`.

    Attributes
    ----------
    requests : dict of Lane to int
        The number of the latest request to the decode thread in each lane.
    held : Snapshot or None
        What is explored while training goes on, if not what is newest.
    past : Snapshot or None
        The earlier step that the samples show as well, if they do.
    """

    grid_drawn = Signal(float)
    find_began = Signal(object)
    walk_drawn = Signal(object)
    walk_lost = Signal()
    held_changed = Signal(object, object)
    looked_back = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        thread: DecodeThread,
        samples: SamplesPanel,
        latent: LatentPanel,
        newest: "Callable[[], Snapshot | None]",
        rivals: "Callable[[], Snapshot | None]",
        parent: QObject | None = None,
    ) -> None:
        """Serve two panels; `newest` returns the newest snapshot, of whichever run.

        `rivals` returns that of the run beside it, if one is compared.
        """
        super().__init__(parent)
        self.requests: dict[Lane, int] = {}
        self.held: Snapshot | None = None
        self.past: Snapshot | None = None
        self._thread, self._newest, self._rivals = thread, newest, rivals
        self._samples, self._latent = samples, latent
        self._directions = latent.sliders.directions
        self._info: RunInfo | None = None
        self._shown: Snapshot | None = None  # the model of the large image
        self._grid_z = np.zeros((0, 1), np.float32)
        self._renewing: set[Lane] = set()  # lanes of which pieces are still to come,
        self._stale: set[Lane] = set()  # and there is a newer snapshot meanwhile
        self._judge_at = 0.0  # the earliest time to have held-out images judged by a newer D
        self._trails: dict[str, Trail[Snapshot]] = {}  # of each run, by its id
        self._left: dict[str, Snapshot] = {}  # what was held of runs that were left
        self._drawing: tuple[Snapshot, ...] = ()  # which the trail is being drawn by,
        self._drawn: tuple[Snapshot, ...] = ()  # and which it is shown by
        self._indexed: Dataset | None = None  # of which all images are looked at, or have been,
        self._features = False  # by the studio's own network, too
        self._asks: dict[Lane, Callable[[], bool]] = {  # what is renewed; whether that was possible
            Lane.GRID: self._ask_grid,
            Lane.RIVAL: self._ask_rival,
            Lane.THUMBNAILS: self._ask_thumbnails,
            Lane.TRAIL: self._ask_trail,
            Lane.NEIGHBOURS: self._ask_neighbours,
            Lane.VERDICT: self._ask_verdict,
            Lane.REFERENCE: self._ask_reference,
        }
        self._finding: Work | None = None  # the z of an image,
        self._sought: NDArray[np.uint8] | None = None  # which is this,
        self._sought_at = 0  # by the generator of this step
        self._judged_as = -1  # the class that the drawing is judged as
        self._connect()

    def _connect(self) -> None:
        thread, samples, latent = self._thread, self._samples, self._latent

        # thread -> panels
        thread.image_drawn.connect(self._on_image)
        thread.thumbnails_drawn.connect(self._on_thumbnails)
        thread.grid_drawn.connect(self._on_grid)
        thread.rival_drawn.connect(self._on_rival)
        thread.reconstructed.connect(self._on_reconstructed)
        thread.trail_drawn.connect(self._on_trail)
        thread.neighbours_found.connect(self._on_neighbours)
        thread.indexed.connect(self._on_indexed)
        thread.effect_measured.connect(self._on_effect)
        thread.judged.connect(self._on_judged)
        thread.found.connect(self._on_found)
        thread.walk_drawn.connect(self._on_walk_drawn)
        thread.walk_lost.connect(self.walk_lost)
        thread.past_read.connect(self._on_past_read)
        thread.search_lost.connect(self._directions.search_ended)
        thread.directions_found.connect(self._on_directions)
        thread.reference_judged.connect(self._on_reference)
        thread.failed.connect(self._on_failed)

        # panels -> thread
        latent.exploration.image_wanted.connect(self._draw_image)
        latent.exploration.changed.connect(self._on_explored)
        latent.sliders.z.effect_wanted.connect(self._measure_effect)
        self._directions.search_wanted.connect(self._search)
        latent.images_wanted.connect(lambda: self._renew(Lane.THUMBNAILS))
        latent.drawing.find_wanted.connect(self._find)
        latent.drawing.judge_wanted.connect(lambda: self._renew(Lane.VERDICT))
        latent.trail.wanted.connect(lambda: self._renew(Lane.TRAIL))
        latent.trail.step_chosen.connect(self._on_step_chosen)
        latent.near.wanted.connect(lambda: self._renew(Lane.NEIGHBOURS))
        latent.hold_toggled.connect(self._on_hold_toggled)
        samples.sample_chosen.connect(self._on_sample_chosen)
        samples.averaged_changed.connect(self._on_averaged_changed)
        samples.count_changed.connect(self._on_count_changed)
        samples.reconstructions_wanted.connect(self._reconstruct)
        samples.time_line.chosen.connect(self.look_back)

    # What the session tells

    def set_run(self, info: RunInfo, rng: np.random.Generator) -> None:
        """Show another run; `rng` draws z."""
        if self._info is not None and self.held is not None and self.past is None:
            self._left[self._info.run_id] = self.held
        self._info = info
        self.held = self._left.pop(info.run_id, None)
        self.past = self._shown = None
        self.requests.pop(Lane.PAST, None)
        self._drawing = self._drawn = ()
        if self._finding is not None:
            self._finding.end()  # its answer would be no z of this run
        self._finding = self._sought = None
        self._renewing.clear()
        self._stale.clear()
        self._judge_at = 0.0  # verdicts on another run's images say nothing of this one
        for run_id, trail in self._trails.items():
            if run_id != info.run_id:
                trail.thin(FEWEST)
        if self._indexed is not info.dataset:
            self._indexed, self._features = None, False
            self._thread.forget_others(info.dataset)
        self._samples.set_run(info)
        self._latent.set_run(info, rng)
        self._latent.set_holding(self.held.step if self.held else None)
        self._on_count_changed(self._samples.count())

    def keep_runs(self, run_ids: set[str]) -> None:
        """Forget the trails of earlier runs but these: there is no way back to them."""
        current = self._info.run_id if self._info else ""
        self._trails = {k: v for k, v in self._trails.items() if k in run_ids or k == current}
        self._left = {k: v for k, v in self._left.items() if k in run_ids}

    def on_snapshot(self) -> None:
        """Renew the grid and, unless held, what is explored: there is a newer snapshot."""
        if (newest := self._newest()) is not None:
            self._trails.setdefault(newest.run_id, Trail()).add(newest, self.held)
        if self.past is None:
            self._renew(Lane.GRID)
            self._reconstruct()
        if self.held is None:
            if time.monotonic() >= self._judge_at:
                self._judge_at = time.monotonic() + JUDGE_SECONDS
                self._renew(Lane.REFERENCE)
            self._draw_image()
            self._latent.snapshot_changed()
        else:
            self._latent.trail.snapshot_changed()  # which has the newest, too

    def on_rival_snapshot(self) -> None:
        """Renew what is shown of the run that this one is compared with."""
        self._renew(Lane.RIVAL)

    def on_earlier(self, snapshot: "Snapshot") -> None:
        """Compare with an earlier step of the run, too."""
        if snapshot.run_id in self._trails:
            self._trails[snapshot.run_id].insert(snapshot, self.held)
            self._latent.trail.snapshot_changed()

    def on_paused(self) -> None:
        """Judge by the D of the last step."""
        if self.held is None:
            self._renew(Lane.REFERENCE)

    def draw_walk(self, z: Array, work: Work) -> None:
        """Draw the images of a walk, (N, dim) float32, in the background: `walk_drawn`.

        One at a time; a walk through another run's z is lost at once.
        """
        if z.shape[1] != self._latent.exploration.latent.dim or not self._ask(
            Lane.WALK, self._explored(), z, work=work
        ):
            work.end()
            self.walk_lost.emit()

    def read_run(self, path: Path) -> bool:
        """Have another run read: the thread's `run_read`; tell if that is possible."""
        return self._ask(Lane.RUN, self._newest(), None, paths=(path,))

    def draw_compared(self, models: "tuple[Snapshot, ...]") -> bool:
        """Have z drawn by other models: the thread's `compared_drawn`; tell if that is possible."""
        z = self._latent.exploration.state.z[None]
        return self._ask(Lane.COMPARED, self._newest(), z, trail=models)

    def draw_film(self, paths: tuple[Path, ...], work: Work) -> bool:
        """Draw the samples by checkpoints of earlier steps: the thread's `film_drawn`.

        Returns whether there is a run to draw; a film that is asked for meanwhile takes its place.
        """
        return self._ask(Lane.FILM, self._newest(), self._grid_z, paths=paths, work=work)

    # thread -> panels

    def _on_image(self, drawn: Drawn) -> None:
        if self._info is not None and drawn.run_id == self._info.run_id:
            self._shown = drawn.snapshot
            image, rank = drawn.images[0], drawn.rank
            self._latent.set_image(image, rank, drawn.step, learned=drawn.learned)

    def _on_thumbnails(self, drawn: Drawn) -> None:
        if drawn.request == self.requests[Lane.THUMBNAILS] and Lane.THUMBNAILS in self._renewing:
            if drawn.colour == self._latent.colour:  # else the answer to another choice is coming
                self._latent.set_thumbnails(drawn.images, drawn.values)
            self._on_renewed(Lane.THUMBNAILS)  # last: what is asked for next may be another tab's

    def _on_judged(self, verdict: Verdict) -> None:
        if self._info is not None and verdict.run_id == self._info.run_id:
            self._latent.drawing.set_verdict(verdict)
            if verdict.final:
                self._on_renewed(Lane.VERDICT)

    def _on_found(self, request: int, found: "Found") -> None:
        current = request == self.requests[Lane.FIND] and self._finding is not None
        if current and self._sought is self._latent.drawing.target:  # else another was drawn
            self._latent.drawing.set_found(found.image, found.error, self._sought_at)
            self._latent.exploration.load(found.z, self.tr("find image"))

    def _on_walk_drawn(self, drawn: Drawn) -> None:
        if drawn.request == self.requests[Lane.WALK]:
            self.walk_drawn.emit(drawn.images)

    def _on_grid(self, drawn: Drawn) -> None:
        if self._info is None or drawn.run_id != self._info.run_id:
            return
        if drawn.request != self.requests[Lane.GRID]:
            return
        self._samples.set_partial(drawn.start, drawn.images, drawn.step)
        if drawn.start + len(drawn.images) >= len(self._grid_z):
            self.grid_drawn.emit(drawn.seconds)
            self._on_renewed(Lane.GRID)

    def _on_rival(self, drawn: Drawn) -> None:
        if drawn.request == self.requests[Lane.RIVAL] and Lane.RIVAL in self._renewing:
            self._samples.set_rival_images(drawn.images, drawn.run_id)
            self._on_renewed(Lane.RIVAL)

    def _on_reconstructed(self, drawn: Drawn) -> None:
        if self._info is not None and drawn.run_id == self._info.run_id:
            self._samples.set_reconstructions(drawn.images)

    def _on_effect(self, run_id: str, effect: Array) -> None:
        if self._info is not None and run_id == self._info.run_id:
            self._latent.sliders.z.set_effect(effect)

    def _on_directions(self, run_id: str, found: Directions | NamedDirections) -> None:
        if self._info is not None and run_id == self._info.run_id:
            self._directions.set_found(found)

    def _on_trail(self, drawn: Drawn) -> None:
        if drawn.request == self.requests[Lane.TRAIL] and Lane.TRAIL in self._renewing:
            self._drawn = self._drawing
            self._latent.trail.set_images([kept.step for kept in self._drawn], drawn.images)
            self._on_renewed(Lane.TRAIL)

    def _on_neighbours(self, request: int, found: Neighbourhood) -> None:
        if request == self.requests[Lane.NEIGHBOURS] and Lane.NEIGHBOURS in self._renewing:
            self._latent.near.set_found(found)
            self._on_renewed(Lane.NEIGHBOURS)

    def _on_indexed(self, dataset: Dataset, fraction: float) -> None:
        if dataset is self._indexed:
            self._latent.near.set_progress(fraction)
            if self._features and (fraction == 1 or not self._latent.near.has_answer):
                self._renew(Lane.NEIGHBOURS)
            if fraction == 1:
                self._latent.drawing.judge_again()

    def _on_reference(self, request: int) -> None:
        if request == self.requests[Lane.REFERENCE]:
            self._draw_image()
            self._latent.drawing.judge_again()
            if self._latent.colour == "rank":
                self._renew(Lane.THUMBNAILS)
            self._on_renewed(Lane.REFERENCE)

    def _on_failed(self, lane: Lane, error: StudioError) -> None:
        self._renewing.discard(lane)
        self._stale.discard(lane)
        if lane is Lane.PAST:
            self.looked_back.emit(self.past.step if self.past else None)  # as before
        if lane is Lane.INDEX:  # whoever asks next may have more luck
            self._indexed, self._features = None, False
        self.failed.emit(error)

    # panels -> thread

    def _ask(self, lane: Lane, snapshot: "Snapshot | None", inputs: Any, **more: Any) -> bool:
        """Ask the decode thread; return whether there is a snapshot of the current run."""
        if snapshot is None or self._info is None or snapshot.run_id != self._info.run_id:
            return False
        averaged = self._samples.averaged()
        job = Job(lane=lane, snapshot=snapshot, inputs=inputs, averaged=averaged, **more)
        self.requests[lane] = self._thread.ask(job)
        return True

    def _explored(self) -> "Snapshot | None":
        """Return the snapshot under the sliders: the held one, or else the newest."""
        return self.held or self._newest()

    def _draw_image(self, z: Array | None = None) -> None:
        z = self._latent.exploration.state.z if z is None else z
        self._ask(Lane.IMAGE, self._explored(), z[None])

    def _measure_effect(self, z: Array) -> None:
        self._ask(Lane.EFFECT, self._explored(), z[None])

    def _ask_verdict(self) -> bool:
        """Have D judge the drawing, as one of the class that z has."""
        image = self._latent.drawing.target
        if image is None:
            return False
        self._look_at_training_images(features=False)
        inputs, labels = image[None], self._label()
        return self._ask(Lane.VERDICT, self._explored(), inputs, labels=labels, info=self._info)

    def _label(self) -> NDArray[np.int64]:
        """Return the class of z, (1,); 0 where there is none."""
        exploration = self._latent.exploration
        if not exploration.latent.classes:
            return np.zeros(1, np.int64)
        chosen: NDArray[np.int64] = exploration.latent.classes_of(exploration.state.z[None]).argmax(
            axis=1
        )
        return chosen

    def _find(self, image: NDArray[np.uint8]) -> None:
        """Have the z of an image looked for."""
        if self._finding is not None:
            self._finding.end()  # the latest is wanted
        work, snapshot, exploration = Work(), self._explored(), self._latent.exploration
        holds, latent = exploration.holds, exploration.latent
        if latent.classes:  # which the person has chosen
            locked = holds.locked.copy()
            locked[latent.slices["class"]] = True
            holds = replace(holds, locked=locked)
        within = exploration.state.z, holds
        if self._ask(Lane.FIND, snapshot, image[None], work=work, within=within):
            assert snapshot is not None
            self._finding, self._sought, self._sought_at = work, image, snapshot.step
            self.find_began.emit(work)

    def _search(self) -> None:
        """Have the directions of the generator under the sliders found."""
        snapshot, info = self._explored(), self._info
        if snapshot is None or info is None or snapshot.run_id != info.run_id:
            return
        averaged, former = self._samples.averaged(), self._directions.former()
        lanes = [Lane.DIRECTIONS]
        lanes += [Lane.ATTRIBUTES] if info.config.dataset in DIGITS else []
        self._directions.search_began(len(lanes))
        for lane in lanes:
            self._thread.ask(Job(lane=lane, snapshot=snapshot, averaged=averaged, former=former))

    def _reconstruct(self) -> None:
        """Ask for as many held-out images and what an autoencoder makes of them as are shown."""
        count = self._samples.pairs()
        if self._info is not None and count:
            images = self._info.held_out[:count]
            self._ask(Lane.RECONSTRUCTION, self.past or self._newest(), images)

    def _renew(self, lane: Lane) -> None:
        """Ask for what is drawn or judged in pieces; if under way, once it is done.

        A newer request would begin again before the pieces of the last are done.
        """
        if lane in self._renewing:
            self._stale.add(lane)
        elif self._info is not None:
            self._stale.discard(lane)
            if self._asks[lane]():
                self._renewing.add(lane)

    def _ask_grid(self) -> bool:
        return self._ask(Lane.GRID, self.past or self._newest(), self._grid_z)

    def _ask_rival(self) -> bool:
        """Ask for the same z by the generator of the run that this one is compared with."""
        if (snapshot := self._rivals()) is None or self._samples.rival != snapshot.run_id:
            return False
        averaged = self._samples.averaged()
        job = Job(lane=Lane.RIVAL, snapshot=snapshot, inputs=self._grid_z, averaged=averaged)
        self.requests[Lane.RIVAL] = self._thread.ask(job)
        return True

    def _ask_thumbnails(self) -> bool:
        z, colour = self._latent.places(), self._latent.colour
        return len(z) > 0 and self._ask(Lane.THUMBNAILS, self._explored(), z, colour=colour)

    def _ask_trail(self) -> bool:
        assert self._info is not None
        trail = self._trails.get(self._info.run_id)
        self._drawing = trail.snapshots if trail else ()
        z = self._latent.exploration.state.z[None]
        return bool(self._drawing) and self._ask(Lane.TRAIL, self._newest(), z, trail=self._drawing)

    def _ask_neighbours(self) -> bool:
        """Ask for what is near z, among what has been looked at; and for a look at the rest."""
        assert self._info is not None
        snapshot, z = self._explored(), self._latent.exploration.state.z[None]
        if not self._ask(Lane.NEIGHBOURS, snapshot, z, info=self._info):
            return False
        self._look_at_training_images(features=True)
        return True

    def _look_at_training_images(self, *, features: bool) -> None:
        """Have all of them looked at, once."""
        assert self._info is not None
        if self._indexed is self._info.dataset and self._features >= features:
            return
        if self._ask(Lane.INDEX, self._explored(), None, info=self._info, features=features):
            self._indexed, self._features = self._info.dataset, features
            self._latent.near.set_progress(0.0)

    def _ask_reference(self) -> bool:
        assert self._info is not None
        held_out, labels = self._info.held_out, self._info.held_out_labels
        snapshot = self._explored()
        return len(held_out) > 0 and self._ask(Lane.REFERENCE, snapshot, held_out, labels=labels)

    def _renew_at_once(self, lane: Lane) -> None:
        """Ask for it whatever is under way, because something else is wanted now."""
        self._renewing.discard(lane)
        self._renew(lane)

    def _on_renewed(self, lane: Lane) -> None:
        self._renewing.discard(lane)
        if lane in self._stale:
            self._renew(lane)

    def _on_count_changed(self, count: int) -> None:
        if self._info is not None:
            rng = generator(self._info.config.seed, Stream.SAMPLES)
            self._grid_z = self._info.latent.sample_grid(count, rng)
            self._mark_sample()
            self._renew_at_once(Lane.GRID)
            self._renew_at_once(Lane.RIVAL)
            self._reconstruct()

    def _on_averaged_changed(self, _averaged: bool) -> None:
        self._renew_at_once(Lane.GRID)
        self._renew_at_once(Lane.RIVAL)
        self._reconstruct()
        self._draw_image()
        self._latent.snapshot_changed()

    def _on_sample_chosen(self, index: int) -> None:
        text = self.tr("load sample {index}").format(index=index + 1)
        self._latent.exploration.load(self._grid_z[index].copy(), text)

    def _mark_sample(self) -> None:
        """Frame the sample that a click on it would change nothing of z, if there is one."""
        state, count = self._latent.exploration.state, self._samples.count()
        marked: int | None = None
        if self._grid_z.shape == (count, len(state.z)) and not state.locked.all():
            same = ((self._grid_z == state.z) | state.locked).all(axis=1)
            marked = int(same.argmax()) if same.any() else None
        self._samples.set_marked(marked)

    def _on_explored(self) -> None:
        self._mark_sample()
        if (label := int(self._label()[0])) != self._judged_as:
            self._judged_as = label
            self._latent.drawing.judge_again()

    def _on_hold_toggled(self, hold: bool) -> None:
        self._choose(self._shown if hold else None)  # the step that the button names

    def _on_step_chosen(self, step: int) -> None:
        """Hold the generator of an earlier step; the newest is followed."""
        *earlier, _newest = self._drawn
        self._choose(next((kept for kept in earlier if kept.step == step), None))

    def _choose(self, snapshot: "Snapshot | None") -> None:
        if (before := self.held) is not snapshot:
            self.hold(snapshot)
            self.held_changed.emit(before, snapshot)

    def hold(self, snapshot: "Snapshot | None") -> None:
        """Explore a generator of this run while training goes on; None follows the newest.

        One of another run is ignored, as undo may name it.
        """
        if snapshot is not None and (not self._info or snapshot.run_id != self._info.run_id):
            return
        self._show_step(snapshot, None)

    def look_back(self, moment: Moment | None) -> None:
        """Show an earlier step everywhere, once it is read; None shows the newest again."""
        if moment is not None:
            self._ask(Lane.PAST, self._newest(), None, paths=(moment.path,))
        else:
            self.requests.pop(Lane.PAST, None)  # what is still being read has come too late
            self._show_step(None, None)

    def _on_past_read(self, request: int, snapshot: "Snapshot") -> None:
        if request == self.requests.get(Lane.PAST):
            self._show_step(snapshot, snapshot)

    def _show_step(self, held: "Snapshot | None", past: "Snapshot | None") -> None:
        """Show one step under the sliders, and maybe in the samples."""
        self.held, left = held, self.past
        self.past = past
        self._latent.set_holding(held.step if held else None)
        self._renew_at_once(Lane.REFERENCE)
        self._draw_image()
        self._latent.snapshot_changed()
        if past is not left:
            self._renew_at_once(Lane.GRID)
            self._reconstruct()
            self.looked_back.emit(past.step if past else None)
