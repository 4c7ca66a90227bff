"""Long work that tells how far it is and can be cancelled, from another thread."""


class Cancelled(Exception):
    """The work was cancelled: what it had begun is undone, and no one needs to be told."""


class Work:
    """What the one who works and the one who watches share.

    The worker calls `at` now and then, and `end` when all is done or has failed; the watcher looks
    at `fraction` and `ended`, and may call `cancel`.

    Attributes
    ----------
    fraction : float or None
        How much is done, in [0, 1]; None while that is not known.
    note : object
        What is being done, as words of the error tables; None where that goes without saying.
    ended : bool
        Whether the work is over, one way or another.
    can_cancel : bool
        Whether the worker calls `at`, without which it never hears of `cancel`.
    cancelled : bool
        Whether it is not wanted any more.
    """

    def __init__(self, *, can_cancel: bool = True) -> None:
        self.can_cancel = can_cancel
        self.fraction: float | None = None
        self.note: object = None
        self.ended = False
        self.cancelled = False

    def at(self, fraction: float | None, note: object = None) -> None:
        """Tell how much is done, and of what.

        Raises
        ------
        Cancelled
            If it is not wanted any more.
        """
        self.fraction, self.note = fraction, note
        if self.cancelled:
            raise Cancelled

    def cancel(self) -> None:
        """Ask the worker to stop; it does so the next time that it tells how far it is."""
        self.cancelled = True

    def end(self) -> None:
        """Tell that the work is over."""
        self.ended = True
