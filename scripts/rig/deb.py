"""The Debian package: its installation in a bare root, its unit under a real systemd, its removal.

A bare root has Debian's essential packages and nothing else; a host (rig.debian_root) has systemd as process 1.
"""

import re
import time
from functools import cache

from rig import broker, places, programs
from rig.debian_root import Host, Root, network

PORT = 9092
PAGE, COMPLETION = "/usr/share/man/man1/corelog-serve.1.gz", "/usr/share/bash-completion/completions/corelog"
TUNER = "/lib/systemd/system/corelog-tuner.service"
CONFIG = "/etc/corelog/server.properties"
FORMAT = f'corelog storage format -t "$(corelog storage random-uuid)" -c {CONFIG}'
EXPOSURE_MAX = 2.0  # of 10, as systemd-analyze security counts; 9.6 without any protection
HANG = "KAFKA_CORELOG_TEST_FAILPOINT=core.hang\n"
WATCHDOG_SECONDS = 3


@cache
def built(binary):
    """The package of the binary under test."""
    return programs.sh(places.SCRIPTS / "package", "deb", "--binary", binary, "--output",
                       places.fresh("packaging-deb")).splitlines()[-1]


def run(folder, options, report):
    """In a bare root, then on a host."""
    package = built(options.binary)
    bare(folder / "bare", package, report)
    with network(), Host(folder / "host", 11).running() as host:
        on_host(host, package, options, report)


def take(root, package):
    """Copies the package into a root; returns its path there."""
    (root.path / "corelog.deb").write_bytes(open(package, "rb").read())
    return "/corelog.deb"


def bare(folder, package, report):
    """dpkg alone resolves everything; nothing is started; after a purge only what a start wrote is left."""
    with Root(folder, "bare").mounted() as root:
        before = listing(root)
        done = root.run("dpkg", "-i", take(root, package), check=False)
        report.item("packaging/dpkg -i in a bare root", done.returncode == 0,
                    f"depends on {root.run('dpkg-query', '-W', '-f', '${Depends}', 'corelog', check=False).stdout}")
        owner = root.run("stat", "-c", "%U %a", "/var/lib/corelog").stdout.strip()
        missing = [path for path in (PAGE, COMPLETION, CONFIG, "/lib/systemd/system/corelog.service")
                   if not (root.path / path[1:]).exists()]
        report.item("packaging/what is installed", owner == "corelog 750" and not missing,
                    f"/var/lib/corelog is {owner}; missing: {missing}")
        serves_by_hand(root, report)
        (root.path / CONFIG[1:]).open("a").write("# mine\n")
        root.run("dpkg", "-r", "corelog")
        kept = "# mine" in (root.path / CONFIG[1:]).read_text()
        gone = not (root.path / "usr/bin/corelog").exists()
        report.item("packaging/dpkg -r keeps configuration and records", kept and gone and records(root),
                    f"configuration {kept}, binary gone {gone}, records {records(root)}")
        root.run("dpkg", "-P", "corelog")
        left = listing(root) - before
        elsewhere = sorted(path for path in left if not path.startswith("/var/lib/corelog"))
        report.item("packaging/dpkg -P keeps records only", records(root) and not elsewhere,
                    f"{len(left)} paths left, elsewhere {elsewhere or 'none'}")


def listing(root):
    """Every path of a root but dpkg's own books, logs, backups of passwd and what lives until the next boot."""
    found = root.run("find", "/", "-xdev", "-not", "-name", "corelog.deb", "-not", "-name", "*-").stdout
    passing = ("/var/lib/dpkg/", "/var/log/", "/var/cache/", "/run/", "/tmp/")
    return {path for path in found.splitlines() if not path.startswith(passing)}


def records(root):
    """Whether the log dirs still hold what was formatted."""
    return (root.path / "var/lib/corelog/data/meta.properties").exists()


def serves_by_hand(root, report):
    """A broker as the corelog user, and this package's own client."""
    port = broker.free_ports(1)[0]
    script = f"""
        runuser -u corelog -- corelog serve {CONFIG} 2>/tmp/refused; echo "unformatted: $?"
        cd /tmp && runuser -u corelog -- sh -c '{FORMAT}' >/dev/null || exit 1
        export KAFKA_LISTENERS=PLAINTEXT://127.0.0.1:{port}
        runuser -u corelog -- corelog serve {CONFIG} 2>/tmp/log & broker=$!
        server="--bootstrap-server 127.0.0.1:{port}"
        for _ in $(seq 200); do corelog topic list $server >/dev/null 2>&1 && break; sleep 0.1; done
        corelog topic create hello $server >/dev/null && echo hello, log | corelog produce hello $server >/dev/null
        corelog consume hello --from-beginning --max-messages 1 $server
        kill -TERM $(pidof corelog); wait $broker; echo "exit: $?"
    """
    done = root.run("sh", "-c", script, check=False)
    said = done.stdout.split("\n")
    report.item("packaging/an unformatted node says what to do", "unformatted: 1" in said
                and "corelog storage format" in (root.path / "tmp/refused").read_text(), said[0])
    report.item("packaging/serves as user corelog", "hello, log" in said and "exit: 0" in said,
                f"{done.stdout.strip().splitlines()[1:]}{done.stderr[-300:]}")


def on_host(host, package, options, report):
    """systemd's own verdict on the unit, and the unit under it."""
    host.run("dpkg", "-i", take(host, package))
    units = sorted(f"/lib/systemd/system/{path.name}" for path in (host.path / "lib/systemd/system").glob("corelog*"))
    done = host.run("systemd-analyze", "verify", "--man=no", *units, check=False)
    report.item("packaging/systemd-analyze verify", done.returncode == 0 and not done.stderr.strip(),
                f"{len(units)} units, exit {done.returncode}, {done.stderr.strip()[-200:] or 'nothing to say'}")
    exposure = host.run("systemd-analyze", "security", "--no-pager", "corelog.service", check=False).stdout
    found = re.search(r"exposure level for .*: ([\d.]+)", exposure)
    score = float(found[1]) if found else 10
    report.item("packaging/systemd-analyze security", score <= EXPOSURE_MAX, f"exposure {score} of 10")
    state = host.run("systemctl", "is-active", "corelog", check=False).stdout.strip()
    report.item("packaging/not started before it is formatted", state == "inactive", state)
    host.run("sh", "-c", f"cd / && runuser -u corelog -- sh -c '{FORMAT}'")
    if TUNER in units:
        host.run("systemctl", "enable", "corelog-tuner")
    began = time.monotonic()
    host.run("systemctl", "enable", "--now", "corelog")
    said = status(host)
    report.item("packaging/systemctl enable --now corelog", said["ActiveState"] == "active"
                and said["StatusText"].startswith("serving"),
                f"{said['ActiveState']}, \"{said['StatusText']}\", after {time.monotonic() - began:.1f} s")
    tuned(host, TUNER in units, report)
    limits = host.run("cat", f"/proc/{said['MainPID']}/limits").stdout
    mine = open("/proc/self/limits").read()
    found = {name: (hard(limits, name), hard(mine, name)) for name in ("Max locked memory", "Max open files")}
    wanted = {"Max locked memory": "unlimited", "Max open files": "1000000"}
    # Without CAP_SYS_RESOURCE systemd gives what it has.
    report.item("packaging/limits of the unit", all(got in (wanted[name], ceiling)
                                                    for name, (got, ceiling) in found.items()),
                "; ".join(f"{name} {got} (this machine's ceiling {ceiling})" for name, (got, ceiling) in found.items()))
    round_trip(host, options, report, "packaging/a client from outside")
    watchdog(host, report)
    round_trip(host, options, report, "packaging/serves again after the watchdog")
    removed(host, package, report)


def tuned(host, there, report):
    """The tuner ran before the broker. In a container it may change little; that holds up no broker."""
    name = "packaging/corelog-tuner runs before the broker"
    if not there:
        return report.item(name, False, "no corelog-tune beside the binary, so its unit is not packaged")
    said = show(host, "corelog-tuner", "Result,ExecMainStatus,ExecMainExitTimestampMonotonic")
    began = show(host, "corelog", "ExecMainStartTimestampMonotonic")["ExecMainStartTimestampMonotonic"]
    ended = said["ExecMainExitTimestampMonotonic"]
    lines = host.run("journalctl", "--unit=corelog-tuner", "--no-pager", "--output=cat").stdout
    ran = re.search("nothing to change|brings it back|BEFORE +AFTER", lines)
    return report.item(name, ran and 0 < int(ended) <= int(began),
                       f"{said['Result']}, exit {said['ExecMainStatus']}, {(int(began) - int(ended)) / 1000:.0f} ms "
                       f"before the broker, {len(lines.splitlines())} lines")


def hard(limits, name):
    """The hard limit of that name in the text of a process's limits."""
    return next(line for line in limits.splitlines() if line.startswith(name))[len(name):].split()[1]


def status(host):
    """What systemd knows of the broker."""
    return show(host, "corelog", "ActiveState,SubState,StatusText,MainPID,NRestarts,Result")


def show(host, unit, names):
    """Properties of a unit."""
    shown = host.run("systemctl", "show", unit, "--property", names).stdout
    return dict(line.split("=", 1) for line in shown.splitlines())


def round_trip(host, options, report, name):
    """This machine's client produces to a host and reads back."""
    server, topic = ["--bootstrap-server", f"{host.address}:{PORT}"], f"outside-{time.time_ns()}"
    text = f"to {host.name}\n"
    try:
        programs.sh(options.binary, "topic", "create", topic, *server)
        programs.sh(options.binary, "produce", topic, *server, input=text)
        found = programs.sh(options.binary, "consume", topic, "--from-beginning", "--max-messages", "1", *server,
                            timeout=30)
    except Exception as error:
        return report.item(name, False, f"{error}"[-200:])
    return report.item(name, text in found, f"read back {found.strip()[-60:]!r}")


def watchdog(host, report):
    """A core hangs: systemd ends the broker with SIGABRT and starts it again."""
    folder = host.path / "etc/systemd/system/corelog.service.d"
    folder.mkdir(parents=True)
    (folder / "short.conf").write_text(f"[Service]\nWatchdogSec={WATCHDOG_SECONDS}\nRestartSec=1\n")
    (host.path / "etc/default/corelog").write_text(HANG)
    host.run("systemctl", "daemon-reload")
    host.run("systemctl", "restart", "corelog")
    began, seen = time.monotonic(), ""
    while "Watchdog timeout" not in seen and time.monotonic() < began + 60:
        time.sleep(0.5)
        seen = host.run("journalctl", "--unit=corelog", "--no-pager", "--output=cat").stdout
    took = time.monotonic() - began
    (host.path / "etc/default/corelog").unlink()
    said = status(host)
    while not (said["ActiveState"] == "active" and int(said["NRestarts"]) > 0) and time.monotonic() < began + 90:
        time.sleep(0.5)
        said = status(host)
    line = next((line for line in seen.splitlines() if "Watchdog timeout" in line), "no watchdog timeout")
    report.item("packaging/systemd restarts a broker with a hung core", "Watchdog timeout" in seen
                and said["ActiveState"] == "active" and int(said["NRestarts"]) > 0,
                f"after {took:.1f} s: {line}; {said['ActiveState']} again, {said['NRestarts']} restarts")


def removed(host, package, report):
    """An upgrade restarts what ran; a stop is clean; a purge leaves no unit behind."""
    before = status(host)["MainPID"]
    host.run("dpkg", "-i", take(host, package))
    after = status(host)
    report.item("packaging/an upgrade restarts the broker", after["ActiveState"] == "active"
                and after["MainPID"] != before, f"{after['ActiveState']}, pid {before} then {after['MainPID']}")
    host.run("systemctl", "stop", "corelog")
    clean = (host.path / "var/lib/corelog/data/.kafka_cleanshutdown").exists()
    said = status(host)
    report.item("packaging/systemctl stop", said["Result"] == "success" and clean,
                f"{said['Result']}, clean-shutdown mark {clean}")
    host.run("systemctl", "start", "corelog")
    host.run("dpkg", "-P", "corelog")
    left = host.run("systemctl", "list-unit-files", "--no-legend", "corelog*", check=False).stdout.strip()
    running = host.run("pidof", "corelog", check=False).stdout.strip()
    report.item("packaging/dpkg -P on a host", not left and not running and records(host),
                f"units left {left.split() or 'none'}, processes {running or 'none'}, records kept {records(host)}")
