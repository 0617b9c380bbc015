"""Part of the list `applications`: a web server's access log, shipped in by rsyslog and by syslog-ng, indexed out.

nginx serves requests and logs each; both daemons follow its log and ship it to a topic of their own; two consumers of
one group put the lines into full-text indexes. The broker is killed with -9 among the requests and started again, then
one of the consumers. Every line must be found in the index, from either daemon.
"""

import http.client
import sqlite3
import time
from contextlib import ExitStack

from rig import broker, debian, places, programs
from rig.children import Child, wait

TOPICS = {"rsyslog": "web.rsyslog", "syslog-ng": "web.syslog-ng"}
PARTITIONS, INDEXERS = 3, 2
REQUESTS, REQUESTS_QUICK, PER_SECOND = 20_000, 4_000, 1_000
SECONDS_MAX = 120

NGINX = """daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.error;
events {{}}
http {{
  access_log {log} combined;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000;
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 200 "ok"; }}
  }}
}}
"""

RSYSLOG = """global(workDirectory="{folder}")
module(load="imfile")
module(load="omkafka")
template(name="line" type="string" string="%msg%")
input(type="imfile" file="{log}" tag="web" ruleset="ship")
ruleset(name="ship" queue.type="LinkedList" queue.size="100000") {{
  action(type="omkafka" broker="{bootstrap}" topic="{topic}" template="line" partitions.auto="on"
         confParam=["acks=all", "queue.buffering.max.ms=20", "reconnect.backoff.max.ms=1000"]
         resubmitOnFailure="on" action.resumeRetryCount="-1" action.resumeInterval="1")
}}
"""

SYSLOG_NG = """@version: 3.38
options {{ stats-freq(0); }};
source web {{ file("{log}" follow-freq(0.2) flags(no-parse)); }};
destination ship {{
  kafka-c(bootstrap-servers("{bootstrap}") topic("{topic}") message("$MSG")
          config(acks("all") reconnect.backoff.max.ms("1000")));
}};
log {{ source(web); destination(ship); flags(flow-control); }};
"""


def run(folder, options, report):
    """The pipeline from the requests to the index."""
    folder.mkdir(parents=True)
    log = folder / "access.log"
    log.touch()
    wanted = REQUESTS_QUICK if options.quick else REQUESTS
    node = broker.under_test(folder / "broker", options)
    node.start()
    with programs.start("java", node.bootstrap, folder) as java:
        java.must(op="create", topics=[{"name": name, "partitions": PARTITIONS} for name in TOPICS.values()])
    web_port, = broker.free_ports(1)
    with ExitStack() as running:
        indexers = [running.enter_context(indexer(number, node, folder)) for number in range(INDEXERS)]
        daemons = [running.enter_context(nginx(folder, log, web_port)),
                   running.enter_context(rsyslog(folder, log, node)),
                   running.enter_context(syslog_ng(folder, log, node))]
        for one in indexers:
            one.wait_said("^assigned", SECONDS_MAX)
        wait(lambda: visit(web_port, range(1)), 10)
        seconds_down = accidents(web_port, wanted, node, indexers)
        indexers[0] = running.enter_context(indexer(0, node, folder))
        judge(log, wanted, seconds_down, folder, report)
        dead = [f"{one.name}: {one.text()[-200:]}" for one in daemons if not one.up]
        report.item("applications/pipeline/daemons live", not dead, f"{len(daemons) - len(dead)} of {len(daemons)}")
        for text in dead:
            report.note(text)
        stopped = [one.stop() for one in indexers]
        report.item("applications/pipeline/consumers stop", stopped == [0] * INDEXERS, f"exit {stopped}")
    code = node.stop()
    report.item("applications/pipeline/broker stops", code == 0, f"exit {code}")


def accidents(port, wanted, node, indexers):
    """All requests; the broker dies after a third and is down for a while, a consumer after two thirds."""
    visit(port, range(1, wanted // 3))
    node.kill()
    down = time.monotonic()
    visit(port, range(wanted // 3, wanted // 3 + PER_SECOND))
    node.start()
    down = time.monotonic() - down
    visit(port, range(wanted // 3 + PER_SECOND, wanted * 2 // 3))
    indexers[0].kill()
    visit(port, range(wanted * 2 // 3, wanted))
    return down


def visit(port, numbers):
    """Requests pages at a steady rate over one connection; false while the server is not there."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    began = time.monotonic()
    try:
        for done, number in enumerate(numbers):
            link.request("GET", page(number), headers={"User-Agent": "rig"})
            link.getresponse().read()
            time.sleep(max(0, began + done / PER_SECOND - time.monotonic()))
    except ConnectionRefusedError:
        return False
    finally:
        link.close()
    return True


def page(number):
    """The path of a request; its number is a word of its own for the index."""
    return f"/page/r{number:06}"


def judge(log, wanted, seconds_down, folder, report):
    """An item per daemon: its lines in the index, each as nginx wrote it and found by its word."""
    lines = log.read_text().splitlines()
    report.item("applications/pipeline/access log", len(set(lines)) >= wanted,
                f"{len(lines)} lines, broker down for {seconds_down:.1f} s")
    paths = [folder / f"index-{number}.sqlite" for number in range(INDEXERS)]
    for name, topic in TOPICS.items():
        began = time.monotonic()
        wait(lambda topic=topic: not set(lines) - indexed(paths, topic).keys(), SECONDS_MAX, 1)
        took = time.monotonic() - began  # the search for every word is not the broker's
        found = indexed(paths, topic)
        missing = sorted(set(lines) - found.keys())
        words = sum(search(paths, topic, f"r{number:06}") for number in range(wanted))
        copies, places_ = sum(len(one) for one in found.values()), {one for many in found.values() for one in many}
        report.item(f"applications/pipeline/{name}", lines and not missing and words == wanted,
                    f"{len(lines) - len(missing)} of {len(lines)} lines, {words} of {wanted} words found, "
                    f"{len(places_) - len(found)} shipped again, {copies - len(places_)} indexed again, "
                    f"complete after {took:.0f} s")
        for text in missing[:3]:
            report.note(f"missing: {text}")


def indexed(paths, topic):
    """Each line of the topic in the indexes: line -> the places of its copies."""
    found = {}
    for path in paths:
        with sqlite3.connect(path, timeout=30) as database:
            for line, place in database.execute("SELECT line, place FROM lines WHERE topic = ?", (topic,)):
                found.setdefault(line.rstrip("\n"), []).append(place)
    return found


def search(paths, topic, word):
    """Whether any index finds a line of the topic by the word."""
    for path in paths:
        with sqlite3.connect(path, timeout=30) as database:
            if database.execute("SELECT 1 FROM lines WHERE lines MATCH ? AND topic = ?", (word, topic)).fetchone():
                return True
    return False


def nginx(folder, log, port):
    """The web server."""
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, log=log, port=port))
    program = debian.daemon("nginx") / "usr/sbin/nginx"
    return Child("nginx", [program, "-c", config, "-e", folder / "nginx.error"], folder)


def rsyslog(folder, log, node):
    """The first shipper."""
    root = debian.daemon("rsyslog")
    config = folder / "rsyslog.conf"
    config.write_text(RSYSLOG.format(folder=folder, log=log, bootstrap=node.bootstrap, topic=TOPICS["rsyslog"]))
    return Child("rsyslogd", [root / "usr/sbin/rsyslogd", "-n", "-f", config, "-i", folder / "rsyslog.pid",
                              "-M", root / debian.LIBRARIES / "rsyslog"], folder)


def syslog_ng(folder, log, node):
    """The second shipper."""
    root = debian.daemon("syslog-ng")
    config = folder / "syslog-ng.conf"
    config.write_text(SYSLOG_NG.format(log=log, bootstrap=node.bootstrap, topic=TOPICS["syslog-ng"]))
    path, = (root / "usr/lib/syslog-ng").glob("*/")
    state = [f"--{name}={folder}/syslog-ng.{name}" for name in ("persist-file", "pidfile", "control")]
    return Child("syslog-ng", [root / "usr/sbin/syslog-ng", "-F", "--no-caps", f"--cfgfile={config}",
                               f"--module-path={path}", *state], folder, env=debian.modules("syslog-ng"))


def indexer(number, node, folder):
    """A consumer with its own index."""
    return Child(f"index-{number}", [programs.venv("confluent"), places.CLIENTS / "python/index.py", node.bootstrap,
                                     "indexers", folder / f"index-{number}.sqlite", *TOPICS.values()],
                 folder)
