"""The list `clients`: every client library writes every codec, acks and size; another library reads it back.

A cell is one topic: client x codec x mode (acks 0, 1, all, idempotent) x size. It passes when all records were
acknowledged, the reader's sha256 is that of the records sent, and kafka-dump-log.sh shows the codec asked for, the
producer id of an idempotent producer, and small records by the hundred in a batch. An item is client x codec.
"""

import time
from dataclasses import dataclass

from rig import broker, corpus, dump, places, programs
from rig.corpus import KIB, MIB

TOPIC_CONFIGS = {"max.message.bytes": 11534336}
BATCH_RECORDS_MIN = 100  # on average, of records up to 1 KiB
MODES = {"0": ("0", False), "1": ("1", False), "all": ("all", False), "idem": ("all", True)}


@dataclass(frozen=True)
class Cell:
    """One topic of the list."""

    writer: str
    codec: str
    mode: str
    size: int
    reader: str

    @property
    def item(self):
        """The line that this cell belongs to."""
        return f"clients/{self.writer}/{self.codec}"

    @property
    def topic(self):
        """The topic's name."""
        return f"{self.writer}-{self.codec}-{self.mode}-{corpus.NAMES[self.size]}"


def run(options, report):
    """Runs the list on one fresh broker."""
    folder = places.fresh("clients")
    node = broker.under_test(folder / "broker", options)
    node.start()
    workers = Workers(node.bootstrap, folder)
    cells = plan(options)
    try:
        for writer in dict.fromkeys(cell.writer for cell in cells):
            run_writer([cell for cell in cells if cell.writer == writer], node, workers, folder, report)
        code = node.stop()
        report.item("clients/broker stops", code == 0, f"exit {code} after {len(cells)} topics")
    finally:
        workers.close()


class Workers:
    """The client programs of a run, each started when it is first needed, again when it died."""

    def __init__(self, bootstrap, folder):
        self._bootstrap, self._folder, self._running = bootstrap, folder, {}

    def get(self, name):
        """The running program."""
        if name not in self._running or not self._running[name].alive:
            self._running[name] = programs.start(name, self._bootstrap, self._folder)
        return self._running[name]

    def close(self):
        """Ends them all."""
        for worker in self._running.values():
            worker.close()


def plan(options):
    """The cells, each with a reader of another family than the writer's."""
    cells = []
    # The quick subset does without Go, which Debian has only in an old version.
    known = [one for one in programs.PROGRAMS.values() if not (options.quick and one.name == "franz")]
    for writer in known:
        modes = [mode for mode in MODES if writer.idempotent or mode != "idem"]
        sizes = [KIB] if options.quick else list(corpus.SIZES)
        for codec in writer.codecs:
            for mode in modes[-1:] if options.quick else modes:
                for size in sizes:
                    readers = [one.name for one in known if one.can_read(writer, codec, size)]
                    cells.append(Cell(writer.name, codec, mode, size, readers[len(cells) % len(readers)]))
    return [cell for cell in cells if options.only in cell.item]


def run_writer(cells, node, workers, folder, report):
    """All cells of one client, then one dump over what it wrote."""
    started = time.monotonic()
    workers.get("java").must(op="create", topics=[{"name": cell.topic, "configs": TOPIC_CONFIGS} for cell in cells])
    flavour = programs.PROGRAMS[cells[0].writer].flavour
    records = {size: corpus.write(folder / "corpus", flavour, size) for size in {cell.size for cell in cells}}
    faults = {cell: run_cell(cell, records[cell.size], workers) for cell in cells}
    logs = {cell: node.log_dirs[0] / f"{cell.topic}-0" / f"{0:020}.log" for cell in cells}
    shown = dump.segments(logs.values())
    for cell in cells:
        if not faults[cell]:
            faults[cell] = judge(cell, records[cell.size], shown.get(str(logs[cell])))
    seconds = time.monotonic() - started
    for item in dict.fromkeys(cell.item for cell in cells):
        mine = [cell for cell in cells if cell.item == item]
        bad = [cell for cell in mine if faults[cell]]
        batches = sum(shown[str(logs[cell])].batches for cell in mine if str(logs[cell]) in shown)
        sent = sum(records[cell.size].records for cell in mine)
        report.item(item, not bad, f"{len(mine) - len(bad)} of {len(mine)} cells, {sent} records in {batches} batches")
        for cell in bad:
            report.note(f"{cell.topic}, read by {cell.reader}: {faults[cell]}")
    report.note(f"{cells[0].writer}: {len(cells)} cells in {seconds:.0f} s")


def run_cell(cell, records, workers):
    """Writes and reads back; returns what is wrong, or None."""
    acks, idempotent = MODES[cell.mode]
    wrote = workers.get(cell.writer).ask(op="produce", topic=cell.topic, partition=0, codec=cell.codec, acks=acks,
                                         idempotent=idempotent, records=str(records.path))
    if not wrote["ok"]:
        return f"produce: {wrote['error']}"
    if wrote["acked"] != records.records:
        return f"produce: {wrote['acked']} of {records.records} acknowledged"
    read = workers.get(cell.reader).ask(op="consume", topic=cell.topic, partition=0, count=records.records, timeout=20,
                                        patience=60)
    if not read["ok"]:
        return f"consume: {read['error']}"
    if read["sha256"] != records.sha256:
        return f"consume: sha256 differs, {read['count']} records, {records.records} sent"
    return None


def judge(cell, records, segment):
    """What kafka-dump-log.sh shows of a cell's log; returns what is wrong, or None."""
    if segment is None or segment.batches == 0:
        return "dump: no batches"
    if segment.records != records.records or segment.invalid:
        return f"dump: {segment.records} records, {segment.invalid} invalid batches"
    if segment.codecs != {cell.codec}:
        return f"dump: codec {','.join(sorted(segment.codecs))}"
    if (min(segment.producers) >= 0) != (cell.mode == "idem"):
        return f"dump: producer ids {sorted(segment.producers)}"
    if cell.size < MIB and segment.records / segment.batches < BATCH_RECORDS_MIN:
        return f"dump: {segment.records} records in {segment.batches} batches"
    return None
