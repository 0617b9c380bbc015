"""The container image: built without a daemon on nothing but Debian's libc, started with each style of environment.

buildah builds, podman and runc run; nothing is pulled, the base is unpacked by mmdebstrap. Containers keep the limits
of this machine instead of the shipped ones, which not every machine may raise.
"""

import ctypes
import json
import os
import resource
import subprocess
import time
import urllib.request
from contextlib import contextmanager

from rig import broker, debian_root, places, programs

CLONE_NEWNET = 0x40000000
DEPLOY = places.SCRIPTS / "deploy/container"
CLUSTER_ID = "5L6g3nShT-eMCtK--X86sw"
# The examples of the users' documents, but for ports.
STYLES = {
    "bitnami/kafka": {
        "KAFKA_CFG_NODE_ID": "0", "KAFKA_CFG_PROCESS_ROLES": "controller,broker",
        "KAFKA_CFG_LISTENERS": "PLAINTEXT://:{port},CONTROLLER://:{other}",
        "KAFKA_CFG_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_CFG_CONTROLLER_QUORUM_VOTERS": "0@kafka:{other}",
        "KAFKA_CFG_CONTROLLER_LISTENER_NAMES": "CONTROLLER", "KAFKA_CFG_AUTO_CREATE_TOPICS_ENABLE": "true",
        "ALLOW_PLAINTEXT_LISTENER": "yes", "KAFKA_HEAP_OPTS": "-Xmx256m -Xms256m"},
    "apache/kafka": {
        "KAFKA_NODE_ID": "1", "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": "PLAINTEXT://0.0.0.0:{port},CONTROLLER://0.0.0.0:{other}",
        "KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://localhost:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:{other}", "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1", "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0", "KAFKA_NUM_PARTITIONS": "3", "CLUSTER_ID": CLUSTER_ID},
    "advertised alone": {"KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://localhost:{port}"},
}


def run(folder, options, report):
    """Builds, then runs a container per style, and one by the compose file."""
    for command, package in {"podman": "podman", "runc": "runc", "podman-compose": "podman-compose",
                             "iptables": "iptables", "/usr/lib/cni/portmap": "containernetworking-plugins"}.items():
        programs.need(command, package)
    folder.mkdir(parents=True)
    os.environ["CONTAINERS_CONF"] = str(settings(folder))
    said = programs.sh(places.SCRIPTS / "package", "image", "--binary", options.binary)
    about = json.loads(programs.sh("podman", "image", "inspect", "corelog:latest"))[0]
    user, layers = about["Config"]["User"], len(about["RootFS"]["Layers"])
    report.item("packaging/image built", user == "1000:1000" and "corelog" in json.dumps(about["Config"]["Entrypoint"]),
                f"{about['Size'] / 1e6:.0f} MB, {layers} layer, user {user}, {said.splitlines()[-1][:12]}")
    for style, environment in STYLES.items():
        started(style, environment, options, report)
    with apart():
        composed(folder, options, report)


def settings(folder):
    """containers.conf: runc, which knows every kind of control groups; limits that this machine allows."""
    limits = ", ".join(f'"{name}={value}:{value}"' for name, value in ceilings().items())
    path = folder / "containers.conf"
    path.write_text(f'[containers]\ndefault_ulimits = [{limits}]\n[engine]\nruntime = "runc"\n')
    return path


def ceilings():
    """The limits that a process started here may have."""
    kinds = {"nofile": resource.RLIMIT_NOFILE, "memlock": resource.RLIMIT_MEMLOCK}
    return {"nproc": 4096, **{name: resource.getrlimit(kind)[1] for name, kind in kinds.items()}}


def started(style, environment, options, report):
    """A container with the documents' environment: serves, is healthy, stops cleanly on SIGTERM."""
    port, other = broker.free_ports(2)
    name, variables = f"corelog-rig-{port}", []
    for key, value in environment.items():
        variables += ["--env", f"{key}={value.format(port=port, other=other)}"]
    podman("run", "--detach", "--name", name, "--network", "host", "--no-healthcheck", "--security-opt",
           f"seccomp={DEPLOY / 'seccomp.json'}", "--security-opt", "no-new-privileges", "--cap-drop", "all",
           *variables, "corelog:latest")
    try:
        served = wait(lambda: broker.answers(port), 30)
        read = served and round_trip(options, port)
        healthy = podman("exec", name, "corelog", "topic", "list", "--bootstrap-server", f"127.0.0.1:{port}",
                         check=False)
        podman("stop", "--time", "20", name)
        code = json.loads(podman("inspect", name).stdout)[0]["State"]["ExitCode"]
        log = podman("logs", name)
        named = environment.get("CLUSTER_ID") is None or CLUSTER_ID in log.stdout + log.stderr
        report.item(f"packaging/container, {style}", read and healthy.returncode == 0 and code == 0 and named,
                    f"served {bool(served)}, read back {bool(read)}, healthy {healthy.returncode == 0}, exit {code}"
                    + ("" if read else f": {(log.stdout + log.stderr)[-300:]}"))
    finally:
        podman("rm", "--force", "--volumes", name, check=False)


def composed(folder, options, report):
    """The compose file as it is shipped, but for the limits; its ports are published from a network of its own."""
    here = folder / "here.yaml"
    here.write_text(json.dumps({"services": {"corelog": {"ulimits": ceilings()}}}))
    port, http = broker.free_ports(2)
    how = {"cwd": DEPLOY, "env": {**os.environ, "CORELOG_PORT": str(port), "CORELOG_HTTP_PORT": str(http)}}
    compose = ["podman-compose", "--file", "compose.yaml", "--file", str(here)]
    try:
        said = programs.sh(*compose, "up", "--detach", **how)
        served = wait(lambda: broker.answers(port), 30)
        read, ready = served and round_trip(options, port), is_ready(http)
        report.item("packaging/compose", read and ready, f"read back {bool(read)}, /readyz {ready}"
                    + ("" if read else f": {said[-300:]}"))
    finally:
        subprocess.run([*compose, "down", "--volumes"], capture_output=True, check=False, **how)
        podman("network", "rm", "--force", f"{DEPLOY.name}_default", check=False)  # `down` leaves it


@contextmanager
def apart():
    """This thread and what it starts in a network namespace of its own: the rules that publish a port stay there."""
    name, libc = f"{debian_root.BRIDGE}-compose", ctypes.CDLL(None, use_errno=True)
    programs.sh("ip", "netns", "add", name)
    with open("/proc/thread-self/ns/net") as before, open(f"/run/netns/{name}") as inside:
        try:
            if libc.setns(inside.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            programs.sh("ip", "link", "set", "lo", "up")
            yield
        finally:
            libc.setns(before.fileno(), CLONE_NEWNET)
            programs.sh("ip", "netns", "delete", name)


def is_ready(port):
    """What /readyz says."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def podman(*arguments, check=True):
    """A podman command; returns the completed process with its text."""
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, timeout=120)
    if check and done.returncode != 0:
        raise RuntimeError(f"podman {arguments[0]} left with {done.returncode}: {done.stderr[-500:]}")
    return done


def round_trip(options, port):
    """Whether a record comes back."""
    server = ["--bootstrap-server", f"127.0.0.1:{port}"]
    programs.sh(options.binary, "topic", "create", "hello", *server)
    programs.sh(options.binary, "produce", "hello", *server, input="hello, container\n")
    found = programs.sh(options.binary, "consume", "hello", "--from-beginning", "--max-messages", "1", *server,
                        timeout=30)
    return "hello, container" in found


def wait(condition, seconds):
    """Waits until the condition holds; whether it did."""
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found
