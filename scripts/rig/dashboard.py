"""Dashboard and rules against a broker: a real Prometheus scrapes it under load and evaluates every query.

A query has to give values, unless every series in it is of things that did not happen (a stall, a refusal): those
stand in the table of `corelog metrics` and have no sample on the page.
"""

import json
import re
import urllib.parse
import urllib.request

from rig import broker, debian, places, programs
from rig.children import Child, wait

DEPLOY = places.SCRIPTS / "deploy"
NAME = re.compile(r"\b(?:corelog|kafka|process)_\w+")
SECONDS = 20  # a rate needs a few scrapes
VARIABLES = {"$__rate_interval": f"{SECONDS}s", "$instance": ".+"}


def run(folder, options, report):
    """promtool's verdict on the rules, then every query of both against a living broker."""
    folder.mkdir(parents=True)
    tools = debian.daemon("prometheus") / "usr/bin"
    rules = DEPLOY / "prometheus/corelog-rules.yaml"
    said = programs.sh(tools / "promtool", "check", "rules", rules)
    report.item("packaging/promtool check rules", "SUCCESS" in said, said.strip().splitlines()[-1].strip())
    said = programs.sh(tools / "promtool", "check", "config", DEPLOY / "prometheus/prometheus.yaml")
    report.item("packaging/promtool check config", "SUCCESS" in said, said.strip().splitlines()[1].strip())
    node = broker.Corelog(folder / "broker", options)
    node.start()
    port = broker.free_ports(1)[0]
    with Child("prometheus", [tools / "prometheus", f"--config.file={config(folder, node, rules)}",
                              f"--web.listen-address=127.0.0.1:{port}", f"--storage.tsdb.path={folder / 'tsdb'}"],
               folder):
        server = f"http://127.0.0.1:{port}"
        wait(lambda: values(server, "corelog_ready == 1"), 30)
        load(options, node, SECONDS)
        known = series(options)
        queries(server, dashboard(), known, page(node), report, "dashboard")
        evaluated(server, rules, known, report)
    report.item("packaging/dashboard, the broker stops", node.stop() == 0, "exit 0")


def config(folder, node, rules):
    """The shipped configuration, with this broker's address and a shorter interval."""
    text = (DEPLOY / "prometheus/prometheus.yaml").read_text()
    text = re.sub(r"(_interval): \w+", r"\1: 1s", text).replace("corelog-rules.yaml", str(rules))
    text = re.sub(r"targets: \[.*\]", f"targets: [127.0.0.1:{node.http_port}]", text)
    path = folder / "prometheus.yaml"
    path.write_text(text)
    return path


def load(options, node, seconds):
    """Produces and reads, alone and in a group, for so long."""
    server = ["--bootstrap-server", node.bootstrap]
    programs.sh(options.binary, "topic", "create", "load", "--partitions", "4", *server)
    rounds = iter(range(1_000_000))

    def once():
        lines = "".join(f"{number}:{'x' * 500}\n" for number in range(2000))
        programs.sh(options.binary, "produce", "load", *server, input=lines)
        programs.sh(options.binary, "consume", "load", "--group", "loaders", "--from-beginning", "--max-messages",
                    "500", "--timeout-ms", "10000", *server)
        return next(rounds) < 0  # never: until the time is over
    wait(once, seconds, 0)


def series(options):
    """Name -> labels, from the table in the binary."""
    told = json.loads(programs.sh(options.binary, "metrics", "--format", "json"))
    return {one["name"]: set(one["labels"]) for one in told}


def page(node):
    """The names with a sample on the page."""
    with urllib.request.urlopen(f"http://127.0.0.1:{node.http_port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return {re.match(r"\w+", line)[0] for line in lines if line and not line.startswith("#")}


def values(server, query):
    """What Prometheus says now; None when it refuses the query."""
    url = f"{server}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]["result"]
    except OSError:
        return None


def dashboard():
    """Title -> queries of each panel."""
    panels = json.loads((DEPLOY / "grafana/corelog.json").read_text())["panels"]
    return {panel["title"]: [target["expr"] for target in panel["targets"]] for panel in panels if "targets" in panel}


def base(name, known):
    """The name in the table: a histogram's series have a suffix."""
    for suffix in ("", "_bucket", "_count", "_sum"):
        if name.endswith(suffix) and name.removesuffix(suffix) in known:
            return name.removesuffix(suffix)
    return None


def strangers(query, known):
    """Names that are not in the table, and labels that its series do not have."""
    names = set(NAME.findall(query))
    labels = {"le", "instance", "job"}.union(*(known.get(base(name, known), ()) for name in names))
    used = {label.strip() for group in re.findall(r"by \(([^)]*)\)", query) for label in group.split(",")}
    used |= set(re.findall(r"(\w+)=~?\"", query))
    return sorted({name for name in names if not base(name, known)} | (used - labels))


def queries(server, panels, known, sampled, report, what):
    """An item per panel."""
    for title, expressions in panels.items():
        faults, empty = [], 0
        for text in expressions:
            query = text
            for name, value in VARIABLES.items():
                query = query.replace(name, value)
            found, names = values(server, query), set(NAME.findall(query))
            if strange := strangers(query, known):
                faults.append(f"unknown: {', '.join(strange)}")
            if found is None:
                faults.append(f"refused: {query}")
            elif not found and names & sampled:
                faults.append(f"no value: {query}")
            empty += not found
        report.item(f"packaging/{what}, {title}", not faults,
                    "; ".join(faults) or f"{len(expressions)} queries, {len(expressions) - empty} with values now")


def evaluated(server, rules, known, report):
    """Prometheus evaluated every rule; each names what is in the table, and none fires at a broker that is well."""
    with urllib.request.urlopen(f"{server}/api/v1/rules") as answer:
        told = [rule for group in json.load(answer)["data"]["groups"] for rule in group["rules"]]
    wrong = [rule["name"] for rule in told if rule["health"] != "ok"]
    wrong += [f"{rule['name']}: {', '.join(strange)}" for rule in told
              if (strange := strangers(rule["query"], known))]
    firing = [rule["name"] for rule in told if rule["state"] == "firing"]
    wanted = len(re.findall("- alert:", rules.read_text()))
    report.item("packaging/rules evaluated", len(told) == wanted and not wrong and not firing,
                f"{len(told)} of {wanted} rules, wrong: {wrong or 'none'}, firing: {firing or 'none'}")
