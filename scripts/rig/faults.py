"""Device errors and full disks under load: no acknowledgement that is not true, and the way back.

A13, flushes fail; A14, writes fail and the disk is full; A15, the broker refuses before the disk is full. The
producers run through the fault, the restart and the time after it, so one history holds all of it.
"""

import os
import random
import time

from rig import blocks, broker, history, load, power
from rig.blocks import MIB
from rig.device import Device

NAME = "durability/faults"
DEVICE_BYTES = 2 * blocks.GIB
SMALL_BYTES = 200 * MIB
RESERVE_BYTES = 32 * MIB
QUIET_SECONDS = 0.5  # an acknowledgement on its way when the fault begins
PATIENCE_SECONDS = 30
OVERRIDES = {"broker.session.timeout.ms": 2000, "broker.heartbeat.interval.ms": 500}


def run(options, report):
    """Every fault, each on a broker of its own."""
    with blocks.store("durability-faults") as store:
        cuts(store, options, report)
        for title, fault in (("A13 flush EIO", "flush-eio"), ("A14 write EIO", "write-eio")):
            device_error(title, fault, store, options, report)
        full_disk("A14 ENOSPC", 0, store, options, report)
        full_disk("A15 low disk", RESERVE_BYTES, store, options, report)


def cuts(store, options, report):
    """Power cuts of R2: some unflushed writes arrive, some are torn. A disk whose flushes lie must be found out."""
    rng = random.Random(options.seed)
    count = 3 if options.quick else 8

    def torn():
        return device.cut(rng.choice((0, 20, 50, 80)), rng.choice((0, 50, 100)), rng.randrange(1 << 31))

    findings, device = power.Findings(), Device(store, "torn", DEVICE_BYTES)
    life = power.Life("torn", store, options, power.OVERRIDES)
    life.run(device, torn, [rng.uniform(*power.FRESH_PAUSES) for _ in range(count)], findings)
    findings.report(f"{NAME}/torn power cuts", report)

    findings, device = power.Findings(), Device(store, "lying", DEVICE_BYTES)

    def lying():
        device.order("flush-lie", 60_000)
        time.sleep(1)
        return device.cut()

    power.Life("lying", store, options, power.OVERRIDES).run(device, lying, [0, 1], findings)
    findings.must_be_red(f"{NAME}/lying flushes", report)


def device_error(title, fault, store, options, report):
    """One second of errors; the log dir or the process is given up; a restart on what was durable has every ack."""
    name = f"{NAME}/{title}"
    folder = store.parent.parent / fault
    device = Device(store, fault, DEVICE_BYTES)
    node = broker.under_test(folder / "broker", options, overrides=OVERRIDES)
    work = None
    try:
        with device.mounted() as point:
            node.log_dirs = [point / "data"]
            try:
                work = strike(name, node, device, fault, folder, report)
                image = device.cut()
            finally:
                node.kill()  # before its disk goes
        with blocks.mounted(image.path, store.parent / "image") as point:
            node.log_dirs = [point / "data"]
            try:
                finish(name, node, work, folder, True, report)
            finally:
                node.kill()
    finally:
        if work:
            work.abandon()


def strike(name, node, device, fault, folder, report):
    """Load, then the fault: nothing is acknowledged any more. Returns the load, which goes on."""
    node.start()
    work = load.Load(node.bootstrap, folder)
    try:
        time.sleep(3)
        before = work.acknowledged()
        device.order(fault, 1000)
        begun = time.time_ns()
        time.sleep(4)
        work.acknowledged()
        late = [send for send in work.sends()
                if send.kind == "ok" and send.completed > begun + QUIET_SECONDS * 1e9]
        felt = device.counters()[fault]
        report.item(f"{name}/fault felt", felt and before, f"{felt} times, after {before} acknowledgements")
        report.item(f"{name}/no acknowledgement afterwards", not late, f"{len(late)} within 4 s, of them "
                    f"{sum(send.completed > begun + 1e9 for send in late)} after the device was well again")
        state = "exited" if not node.up else "answers" if broker.answers(node.port) else "silent"
        report.item(f"{name}/gives up the log dir or exits", not late and state != "silent", f"process {state}")
        return work
    except BaseException:
        work.abandon()
        raise


def full_disk(title, reserve, store, options, report):
    """A small disk is filled under load, then freed."""
    name = f"{NAME}/{title}"
    folder = store.parent.parent / title.replace(" ", "-")
    overrides = {**OVERRIDES, "corelog.disk.reserve.bytes": reserve} if options.broker == "corelog" else OVERRIDES
    image = blocks.sparse(store / f"{reserve}.img", SMALL_BYTES)
    with blocks.mounted(image, store.parent / f"small-{reserve}", format_as="ext4") as point:
        node = broker.under_test(folder / "broker", options, log_dirs=[point / "data"], overrides=overrides)
        work = None
        try:
            node.start()
            work = load.Load(node.bootstrap, folder)
            time.sleep(3)
            ballast = fill(point, reserve + 2 * MIB)
            acked = still(work)
            free = free_bytes(point)
            report.item(f"{name}/acknowledgements end", acked, f"{acked or 0} acknowledged, {free // 1024} KiB free")
            if reserve:
                report.item(f"{name}/refused before the disk was full", acked and free > reserve // 2,
                            f"{free / MIB:.1f} MiB free, reserve {reserve // MIB} MiB")
                serves_on(name, node, work, folder, report)
            ballast.unlink()
            alive = node.up and grows(work)
            if reserve:
                report.item(f"{name}/recovers by itself", alive, "acknowledges again" if alive else "does not")
            if not alive:
                node.kill()
            finish(name, node, work, folder, not alive, report)
        finally:
            node.kill()
            if work:
                work.abandon()


def fill(point, leave):
    """A file that leaves so many bytes free."""
    path = point / "ballast"
    with open(path, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(free_bytes(point) - leave, 1))
    return path


def free_bytes(point):
    """What an unprivileged writer could still write: the broker's own measure."""
    about = os.statvfs(point)
    return about.f_bavail * about.f_frsize


def still(work):
    """Waits until nothing is acknowledged for two seconds; returns how many were, None when it goes on."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    last = work.acknowledged()
    while time.monotonic() < deadline:
        time.sleep(2)
        now = work.acknowledged()
        if now == last:
            return now
        last = now
    return None


def grows(work):
    """Whether anything is acknowledged again."""
    before, deadline = work.acknowledged(), time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        time.sleep(0.5)
        if work.acknowledged() > before:
            return True
    return False


def serves_on(name, node, work, folder, report):
    """While produce is refused, metadata and fetch are not: every acknowledged record is read."""
    sends = list(work.sends())
    try:
        lost = history.check(sends, load.drain(node.bootstrap, folder)).lost
        report.item(f"{name}/metadata and fetch go on", not lost,
                    f"{sum(send.kind == 'ok' for send in sends)} acknowledged, {len(lost)} not there")
    except Exception as error:  # no answer is an item that failed
        report.item(f"{name}/metadata and fetch go on", False, str(error)[:200])


def finish(name, node, work, folder, restart, report):
    """Restarts the broker if it has to be, lets the producers go on, and judges the whole history."""
    if restart:
        report.item(f"{name}/starts again", True, f"{node.start():.1f} s")
        report.item(f"{name}/acknowledges again", grows(work), f"{work.acknowledged()} in all")
    time.sleep(2)
    sends, watched = work.stop()
    unknown = [send for send in sends if send.kind != "ok"]
    report.item(f"{name}/every error was retriable", not unknown, f"{len(unknown)} of {len(sends)} records failed")
    verdict = history.check(sends, load.drain(node.bootstrap, folder), watched)
    for anomaly, found in verdict.rows():
        report.item(f"{name}/{anomaly}", not found, len(found))
        for text in found[:3]:
            report.note(text)
