"""kcat as a client of the acceptance lists: `kcat.py BOOTSTRAP`, jobs on standard input, one kcat process per job.

kcat's own forms set limits: every record of a file has the same headers, an empty value is null, and keys,
values and headers do not contain the delimiters. `Corpus("uniform")` keeps to them.
"""

import re
import subprocess
import sys
import time

from jobs import Digest, read_records, serve

BOOTSTRAP = sys.argv[1]
KEY, END = "\x1f", "\x1e"


def kcat(*arguments, stdin=None, timeout=60):
    """Runs kcat quietly and returns its standard output."""
    done = subprocess.run(["kcat", "-q", "-b", BOOTSTRAP, *arguments], input=stdin,
                          capture_output=True, timeout=timeout)
    if done.returncode != 0 or b"ERROR" in done.stderr:
        raise RuntimeError(f"kcat left with {done.returncode}: {done.stderr.decode(errors='replace')[-300:]}")
    return done.stdout


def produce(job):
    """Sends the records file through standard input."""
    lines, names = [], []
    for key, value, headers in read_records(job["records"]):
        names = headers
        lines.append((b"" if key is None else key + KEY.encode()) + (value or b""))
    options = [f"-H{name}={value.decode()}" for name, value in names]
    settings = {
        "acks": job["acks"], "compression.codec": job["codec"], "message.max.bytes": 11_000_000,
        "enable.idempotence": str(job["idempotent"]).lower(), "batch.size": 1 << 20, "linger.ms": 250,
    }
    for name, value in settings.items():
        options += ["-X", f"{name}={value}"]
    kcat("-P", "-t", job["topic"], "-p", str(job["partition"]), "-Z", "-K", KEY, "-D", END, *options,
         stdin=END.encode().join(lines))
    return {"acked": len(lines)}


def consume(job):
    """Reads to the end (-e), again until `count` records are there."""
    deadline = time.monotonic() + job.get("timeout", 30)
    while True:
        output = kcat("-C", "-t", job["topic"], "-p", str(job["partition"]), "-o", "beginning", "-e", "-u",
                      "-f", "%K %S %h\\n%k%s", "-X", "fetch.wait.max.ms=50")
        digest = Digest()
        at = 0
        while at < len(output):
            head = output.index(b"\n", at)
            key_bytes, value_bytes, headers = output[at:head].split(b" ", 2)
            at = head + 1
            parts = []
            for length in (int(key_bytes), int(value_bytes)):
                parts.append(None if length < 0 else output[at : at + length])
                at += max(length, 0)
            digest.add(*parts, [tuple(one.split(b"=", 1)) for one in re.split(b",", headers) if one])
        if digest.count >= job["count"]:
            return digest.answer()
        if time.monotonic() > deadline:
            raise TimeoutError(f"{digest.count} of {job['count']} records")


serve({"produce": produce, "consume": consume})
