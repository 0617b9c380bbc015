"""Where things are: the tree, the cache of fetched things, the folder of a run.

Nothing here runs a broker or a client.
"""

import os
import resource
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
CLIENTS = SCRIPTS / "clients"
CACHE = Path(os.environ.get("CORELOG_CACHE", ROOT / ".cache"))
RUNS = ROOT / "target" / "acceptance"


def fresh(name):
    """An empty folder for a run under target/; the one of the run before is removed."""
    path = RUNS / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def raise_file_limit():
    """A broker with hundreds of topics holds thousands of files; children inherit the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
