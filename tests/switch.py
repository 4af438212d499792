"""A credential that a test switches by hand."""

import threading

from wellkept.loader.credential import Credential
from wellkept.secret import Secret


class Switch:
    """A rotating credential under the test's control: ``stored`` is what a refresh finds."""

    def __init__(self, user, password):
        self.user = user
        self.held = self.stored = password
        self.refreshes = 0
        self.callbacks = []
        self._lock = threading.Lock()

    def current(self):
        return Credential(self.user, Secret(self.held, name="database"))

    def refresh(self, refused=None):
        with self._lock:
            self.refreshes += 1
            self.held = self.stored
        return self.current()

    def on_change(self, callback):
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def rotate(self, password, user=None):
        self.stored = self.held = password
        self.user = user or self.user
        for callback in list(self.callbacks):
            callback(None)
