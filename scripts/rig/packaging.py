"""The list `packaging`: what is shipped is installed, started and watched, as the users' documents deploy a broker.

Parts: what systemd is told (rig.notified), the Debian package (rig.deb), the container image (rig.container), the
Ansible playbook (rig.playbook), dashboard and rules (rig.dashboard). Needs root; what Debian has is installed. The
quick form is the first part.
"""

import traceback

from rig import blocks, broker, container, dashboard, deb, debian_root, notified, places, playbook

PARTS = {"notify": notified.run, "deb": deb.run, "container": container.run, "playbook": playbook.run,
         "dashboard": dashboard.run}


def run(options, report):
    """All parts, or those whose name --only contains. A part that cannot run is a failed item."""
    if not options.quick:
        debian_root.require()
        blocks.sweep()  # what an earlier run left mounted must not be deleted through
    folder = places.fresh("packaging")
    wanted = options.only.removeprefix("packaging/")
    for name, part in PARTS.items():
        if wanted not in name or (options.quick and name != "notify"):
            continue
        try:
            part(folder / name, options, report)
        except Exception as error:
            traceback.print_exc()
            report.item(f"packaging/{name}", False, f"{type(error).__name__}: {error}")
        finally:
            broker.stop_all()
            if not options.quick:
                blocks.sweep()
