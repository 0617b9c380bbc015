"""The Ansible playbook against three hosts: bare Debian roots that were booted in network namespaces of their own.

Ansible reaches them with ssh over a bridge, as it would reach machines. Each ends as a single node.
"""

import json
import os
import re
import shutil
import subprocess
from contextlib import ExitStack

from rig import deb, places, programs
from rig.debian_root import Host, network

NUMBERS = (101, 102, 103)
DEPLOY = places.SCRIPTS / "deploy/ansible"


def run(folder, options, report):
    """Boots the hosts, runs the playbook twice, asks every broker."""
    programs.need("ansible-playbook", "ansible-core")
    programs.need("ssh", "openssh-client")
    package = deb.built(options.binary)
    with ExitStack() as stack:
        stack.enter_context(network())
        hosts = [stack.enter_context(Host(folder / str(number), number).running()) for number in NUMBERS]
        inventory = let_in(folder, hosts, package)
        first = play(folder, inventory, "first")
        done = all(ok(first, host) and changed(first, host) for host in hosts)
        report.item("packaging/playbook on three hosts", done, recap(first))
        for host in hosts:
            deb.round_trip(host, options, report, f"packaging/playbook, {host.name} serves the control host")
        ids = {cluster(host) for host in hosts}
        report.item("packaging/playbook, three single nodes", len(ids) == len(hosts) and None not in ids,
                    f"{len(ids)} cluster ids")
        again = play(folder, inventory, "again")
        report.item("packaging/playbook changes nothing the second time",
                    all(ok(again, host) and not changed(again, host) for host in hosts), recap(again))
        more = play(folder, inventory, "more", "-e", json.dumps({"corelog_settings": {"num.partitions": 5}}))
        report.item("packaging/playbook, a new setting restarts the brokers", all(ok(more, host) for host in hosts)
                    and all(partitions(host) == 5 for host in hosts), recap(more))


def let_in(folder, hosts, package):
    """A key for ssh, the hosts' own keys known, and the inventory with this run's addresses over the shipped one."""
    key = folder / "key"
    programs.sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    known = folder / "known_hosts"
    for host in hosts:
        (host.path / "root/.ssh").mkdir(mode=0o700, exist_ok=True)
        shutil.copy(key.with_suffix(".pub"), host.path / "root/.ssh/authorized_keys")
        public = (host.path / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2]
        with open(known, "a") as file:
            file.write(f"{host.address} {' '.join(public)}\n")
    here = folder / "inventory"
    here.mkdir()
    shutil.copy(DEPLOY / "inventory.yaml", here / "10-shipped.yaml")
    addresses = {host.name: {"ansible_host": host.address} for host in hosts}
    variables = {"ansible_ssh_private_key_file": str(key), "corelog_deb": str(package),
                 "ansible_ssh_common_args": f"-o UserKnownHostsFile={known} -o StrictHostKeyChecking=yes"}
    (here / "20-here.json").write_text(json.dumps({"corelog": {"hosts": addresses, "vars": variables}}))
    return here


def play(folder, inventory, name, *arguments):
    """The playbook's output."""
    environment = {**os.environ, "ANSIBLE_NOCOWS": "1", "ANSIBLE_LOCAL_TEMP": str(folder / "ansible"),
                   "LC_ALL": "C.UTF-8"}
    with open(folder / f"{name}.log", "w+") as output:
        subprocess.run(["ansible-playbook", "-i", str(inventory), str(DEPLOY / "playbook.yaml"), *arguments],
                       stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=places.ROOT, timeout=900)
        output.seek(0)
        return output.read()


def counts(text, host):
    """What the recap counts for a host."""
    found = re.search(rf"^{host.name} +: (.*)$", text, re.M)
    return dict((name, int(count)) for name, count in re.findall(r"(\w+)=(\d+)", found[1])) if found else {}


def ok(text, host):
    """Whether no task failed on a host."""
    found = counts(text, host)
    return bool(found) and not found["failed"] and not found["unreachable"]


def changed(text, host):
    """How many tasks changed something there."""
    return counts(text, host).get("changed", 0)


def recap(text):
    """Ansible's last lines, or what it failed on."""
    failed = re.findall(r"^fatal: .*", text, re.M)
    lines = re.findall(r"^node\d+ +: .*", text, re.M)
    return (failed[0][:300] if failed else "; ".join(" ".join(line.split()[:5]) for line in lines)) or text[-300:]


def cluster(host):
    """The id of the cluster that a host belongs to."""
    text = host.run("corelog", "storage", "info", "-c", deb.CONFIG, check=False).stdout
    found = re.search(r"cluster.id=([\w-]{22})", text)
    return found and found[1]


def partitions(host):
    """How many partitions a topic gets there by default."""
    server = ["--bootstrap-server", f"{host.address}:{deb.PORT}"]
    host.run("corelog", "topic", "create", "defaults", *server)
    return host.run("corelog", "topic", "describe", "defaults", *server).stdout.count("Leader:")
