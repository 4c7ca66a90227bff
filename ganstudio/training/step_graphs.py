"""Steps as CUDA graphs: what a step tells the GPU to do is recorded once, then told in one go.

A step of a small GAN is some hundred operations that each take the GPU less time than Python takes
to ask for them. A graph asks for all of them at once. It always does the same with the same memory,
so a graph is of one kind of step (which networks, how many updates of D, which of them with a
penalty), what it draws lies in slots, numbers that change lie on the GPU, and whether something was
not finite is noted there, and undone there.

A kind's first steps are made without a graph. Then one step is made both ways, and the graph is
used if it comes to the same; if not, or if it cannot be recorded, steps go on without.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from ganstudio.data.batches import Slots
from ganstudio.errors import Phrase
from ganstudio.latent import aside
from ganstudio.training.kept import Kept

WARM_UP = 3  # steps of a kind without a graph: libraries choose their ways and take their memory
MOST = 16  # kinds
SAME, SAME_MOVE = 0.02, 0.25  # of a number, and of a network's way: twice the same step differs
_TINY, _ROUNDING = 1e-3, 1e-6  # differences that count for nothing: of a number, of weights

Counts = dict[str, int]


class Source(Protocol):
    """What a step draws from."""

    slots: Slots | None


class Advance(Protocol):
    """Makes a step; with `failed` it looks at nothing, and undoes itself where that is 1."""

    def __call__(self, nets: Any, row: Tensor, failed: Tensor | None = None) -> None:
        """Make it, and put its numbers into `row`."""


def can(device: torch.device) -> bool:
    """Tell whether a device knows graphs."""
    return device.type == "cuda"


class Recorder:
    """Records graphs of one run, which share a stream and memory: one is made at a time."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = aside.stream(device, aside.FIRST)
        self._pool = torch.cuda.graph_pool_handle()

    def record(
        self, body: Callable[[], None], generators: Iterable[torch.Generator]
    ) -> Callable[[], object]:
        """Record what `body` tells the GPU to do; return what does it all again."""
        graph = torch.cuda.CUDAGraph()
        for generator in generators:
            graph.register_generator_state(generator)
        mode = "thread_local"  # other threads may use the GPU meanwhile
        # where a recording fails, torch may leave its stream the current one
        with (
            torch.cuda.device(self._device),
            torch.cuda.stream(self._stream),
            torch.cuda.graph(graph, self._pool, self._stream, capture_error_mode=mode),
        ):
            body()
        return graph.replay


@dataclass(frozen=True, slots=True)
class _Graph:
    """A kind of step: what makes it, where it finds what it draws, by how much it counts on."""

    replay: Callable[[], object]
    slots: Slots
    counts: Counts


class StepGraphs:
    """A trainer's steps by graphs.

    Attributes
    ----------
    refused : Phrase or None
        Why steps are made without, if they are for good.

    Parameters
    ----------
    advance : callable
        Makes a step.
    tell : callable
        Brings the numbers of the next step, as learning rates, to where graphs find them.
    counts, set_counts : callable
        The positions in data and noise, and of all else that is counted.
    sources : sequence of Source
        All that a step draws from.
    weights : sequence of Tensor
        What it is for.
    state : sequence of Tensor
        All that it changes, the weights among it.
    columns : int
        Numbers in a row.
    """

    def __init__(
        self,
        *,
        advance: Advance,
        tell: Callable[[], None],
        counts: Callable[[], Counts],
        set_counts: Callable[[Counts], None],
        sources: Sequence[Source],
        weights: Sequence[Tensor],
        state: Sequence[Tensor],
        columns: int,
    ) -> None:
        self.refused: Phrase | None = None
        self._advance, self._tell = advance, tell
        self._counts, self._set_counts = counts, set_counts
        self._sources, self._weights, self._state = sources, weights, state
        self._graphs: dict[object, _Graph] = {}
        self._made: dict[object, int] = {}  # steps of a kind that has no graph yet
        self._forgiven = False
        device = weights[0].device
        self._recorder = Recorder(device)
        self._failed = torch.zeros((), device=device)
        self._row = torch.zeros(columns, device=device)

    def has(self, kind: object) -> bool:
        """Tell whether the next step, if it is of this kind, will be made by a graph."""
        return kind in self._graphs and not self._forgiven

    def make(self, kind: object, nets: object, row: Tensor) -> bool:
        """Make a step, and put its numbers into `row`; or return False, and do nothing."""
        if self._forgiven or self.refused is not None:
            return False
        if kind in self._graphs:
            self._replay(self._graphs[kind], row)
            return True
        self._made[kind] = self._made.get(kind, 0) + 1
        if self._made[kind] <= WARM_UP or len(self._graphs) == MOST:
            return False
        counts, kept = self._counts(), None
        try:
            kept = Kept(self._state, ())
            return self._try(kind, nets, row, kept)
        except BaseException as error:
            if kept is not None:
                kept.put_back()
            self._set_counts(counts)
            if not isinstance(error, torch.OutOfMemoryError):
                raise
            self._refuse("graph-not-made", reason=_cause(error))
            return False

    def forgive(self) -> None:
        """Make the next step without a graph: one was not finite."""
        self._failed.zero_()
        self._forgiven = True

    def make_without(self, nets: object, row: Tensor) -> None:
        """Make a step without a graph, and then without the memory that graphs hold, if it must."""
        again = False
        try:
            self._advance(nets, row)
        except torch.OutOfMemoryError as error:
            if not self._graphs:
                raise
            self._refuse("graph-not-made", reason=_cause(error))
            again = True  # below: until this block ends, what the step had made stays
        if again:
            self._advance(nets, row)
        elif self._forgiven:
            self._refuse("graph-differs")  # what was not finite by one, is
        self._forgiven = False

    def _replay(self, graph: _Graph, row: Tensor) -> None:
        counts = self._counts()
        self._tell()
        graph.slots.fill()
        graph.replay()
        self._set_counts({name: count + graph.counts[name] for name, count in counts.items()})
        row.copy_(self._row)

    def _try(self, kind: object, nets: object, row: Tensor, kept: Kept) -> bool:
        """Make a step without a graph and by a new one; keep that if it does the same."""
        counts, slots, weights = self._counts(), Slots(), _copies(self._weights)
        device = row.device  # a network may draw from its generator, where it would repeat
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            self._draw_from(slots, nets, row)
        expected, moved, after = row.clone(), _copies(self._weights), self._counts()
        self._set_counts(counts)
        try:
            replay = self._recorder.record(
                lambda: self._draw_from(slots, nets, self._row, self._failed), slots.generators
            )
        except Exception as error:  # torch's, the driver's, or Python's own: none ends the run
            self._refuse("graph-not-made", reason=_cause(error))
            return True  # without one
        finally:
            self._set_counts(after)
        self._set_counts(counts)
        kept.put_back()
        graph = _Graph(replay, slots, {name: after[name] - counts[name] for name in counts})
        self._replay(graph, row)
        same = torch.isclose(row, expected, rtol=SAME, atol=_TINY, equal_nan=True).all()
        apart, way = _distance(self._weights, moved), _distance(moved, weights)
        if not same or not apart <= SAME_MOVE * way + _ROUNDING * _distance(weights):
            self._refuse("graph-differs")
            self._set_counts(counts)
            kept.put_back()
            return False
        self._graphs[kind] = graph
        return True

    def _refuse(self, code: str, **facts: object) -> None:
        self.refused = Phrase(code, **facts)
        self._graphs.clear()
        self._failed.zero_()

    def _draw_from(
        self, slots: Slots, nets: object, row: Tensor, failed: Tensor | None = None
    ) -> None:
        """Make a step that finds all that it draws in slots."""
        slots.rewind()
        for source in self._sources:
            source.slots = slots
        try:
            self._advance(nets, row, failed)
        finally:
            for source in self._sources:
                source.slots = None


def _copies(tensors: Sequence[Tensor]) -> list[Tensor]:
    return [tensor.detach().clone() for tensor in tensors]


def _distance(tensors: Sequence[Tensor], others: Sequence[Tensor] | None = None) -> float:
    """Return how far all of them together are from the others, or from nothing."""
    apart = list(tensors) if others is None else torch._foreach_sub(list(tensors), list(others))
    return float(torch.linalg.vector_norm(torch.stack(torch._foreach_norm(apart))))


def _cause(error: BaseException) -> str:
    """Return what was said first: what ends a recording that has failed says only that it has."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error).partition("\n")[0]
