"""The proof that a power rig bites: a small writer that syncs loses nothing, its twin that does not loses something."""

import os
import threading
import time

from rig import blocks

RECORD = 64


class Writer:
    """Appends numbered records to a file; with `sync` a record counts when fdatasync came back."""

    def __init__(self, path, sync):
        self.written = 0
        self._path, self._sync, self._stopped = path, sync, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        file = os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600)
        folder = os.open(self._path.parent, os.O_RDONLY)
        os.fsync(file)
        os.fsync(folder)
        os.close(folder)
        while not self._stopped.is_set():
            os.pwrite(file, record(self.written), self.written * RECORD)
            if self._sync:
                os.fdatasync(file)
            else:
                time.sleep(0.001)
            self.written += 1
        os.close(file)

    def stop(self):
        """Ends it."""
        self._stopped.set()
        self._thread.join()


def record(number):
    """What stands at a place of the file."""
    return f"{number:0{RECORD - 1}}\n".encode()


def whole(path):
    """How many records a file holds from its start."""
    data = path.read_bytes() if path.exists() else b""
    count = 0
    while data[count * RECORD:(count + 1) * RECORD] == record(count):
        count += 1
    return count


def run(name, point, store, cut, report):
    """Writes, cuts the power by `cut()` (an object with the image's path), counts."""
    writers = Writer(point / "synced", True), Writer(point / "unsynced", False)
    time.sleep(1.5)
    acked, unsynced = (writer.written for writer in writers)
    image = cut()
    for writer in writers:
        writer.stop()
    with blocks.mounted(image.path, store.parent / "image") as found:
        kept, lost = whole(found / "synced"), unsynced - whole(found / "unsynced")
    report.item(f"{name} keeps what was synced", acked and kept >= acked, f"{kept} of {acked} records")
    report.item(f"{name} loses what was not", lost > 0, f"{lost} of {unsynced} records lost")
