"""Somebody who acts beside others."""

import threading


class Background:
    """Calls its `_run` in a thread of its own, from the start of the block to its end."""

    def __init__(self):
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_exc):
        self.finish()

    def finish(self) -> None:
        """Wait until everything that was begun is done."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        """Act until the event `_end` is set."""
        raise NotImplementedError
