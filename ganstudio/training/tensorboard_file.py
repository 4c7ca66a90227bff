"""A history as TensorBoard's events, for whoever compares runs there."""

import time
from pathlib import Path

import numpy as np

from ganstudio.atomic import replacing
from ganstudio.errors import StudioError
from ganstudio.training.history import COLUMNS, METRICS, History
from ganstudio.work import Work

SUFFIX = ".tfevents"  # by which TensorBoard knows the files that it reads
_OFTEN = 1000  # steps between two looks at whether it is still wanted


def write(history: History, path: Path, work: Work | None = None) -> None:
    """Write every step's metrics as scalars, by their names; what a recipe has not is left out.

    Steps are apart in time as they were when they were made, the last one being made now.

    Raises
    ------
    StudioError
        ``no-tensorboard``, ``cannot-write`` or ``disk-full``, naming the file.
    Cancelled
        If `work` was; the file is as it was before.
    """
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter
    except Exception as error:  # TypeError or its own, where protobuf is of another version
        detail = next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
        raise StudioError("no-tensorboard", detail=detail) from error

    rows = history.array()
    seconds = rows[COLUMNS.index("seconds")]
    began = time.time() - (float(seconds[-1]) if len(seconds) else 0.0)
    known = [place for place in range(len(METRICS)) if np.isfinite(rows[place]).any()]
    with replacing(path) as file:
        records = RecordWriter(file)
        first = Event(wall_time=began, file_version="brain.Event:2")
        records.write(first.SerializeToString())
        for i in range(rows.shape[1]):
            event = Event(wall_time=began + float(seconds[i]), step=i + 1)
            for place in known:
                if np.isfinite(value := rows[place, i]):
                    event.summary.value.add(tag=METRICS[place], simple_value=float(value))
            records.write(event.SerializeToString())
            if work is not None and i % _OFTEN == 0:
                work.at(i / rows.shape[1])
