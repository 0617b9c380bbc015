"""Daemons of Debian packages, unpacked beside the machine's own and not installed.

Debian lets only one syslog daemon be installed and starts what it installs; a list wants two, and its own of each.
The libraries they need are installed the usual way.
"""

import os
import shutil
from functools import cache

from rig import places
from rig.programs import apt_install, sh

LIBRARIES = f"usr/lib/{os.uname().machine}-linux-gnu"
DAEMONS = {
    "rsyslog": (["rsyslog", "rsyslog-kafka"], ["librdkafka1", "libestr0", "libfastjson4", "liblognorm5"]),
    "syslog-ng": (["syslog-ng-core", "syslog-ng-mod-rdkafka"],
                  ["librdkafka1", "libivykis0", "libjson-c5", "libnet1", "libpcre3", "libwrap0", "libglib2.0-0"]),
    "prometheus": (["prometheus"], []),
    "nginx": (["nginx"], ["libpcre2-8-0", "libssl3", "libcrypt1"]),
}


@cache
def daemon(name):
    """Unpacks a daemon once; returns the folder that stands for its root."""
    root = places.CACHE / "debian" / name
    packages, libraries = DAEMONS[name]
    if not (root / ".complete").exists():
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        if libraries:
            apt_install(*libraries)
        sh("apt-get", "download", "-qq", *packages, cwd=root)
        for package in root.glob("*.deb"):
            sh("dpkg-deb", "-x", package, root)
            package.unlink()
        (root / ".complete").touch()
    return root


def modules(name):
    """The environment in which a daemon finds the libraries that came with it."""
    root = daemon(name)
    return {**os.environ, "LD_LIBRARY_PATH": f"{root / LIBRARIES}:{root / 'usr/lib' / name}"}
