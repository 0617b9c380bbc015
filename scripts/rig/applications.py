"""The list `applications`: what users run on Kafka runs here, crashes and goes on.

Kafka Streams, Kafka Connect, and the pipeline of log shippers; `--only applications/connect` runs one part.
"""

import traceback

from rig import broker, connect, pipeline, places, streams

PARTS = {"streams": streams.run, "connect": connect.run, "pipeline": pipeline.run}


def run(options, report):
    """All parts, or the one that --only names. A part that cannot run is a failed item."""
    folder = places.fresh("applications")
    for name, part in PARTS.items():
        full = f"applications/{name}"
        if not full.startswith(options.only[: len(full)]):
            continue
        try:
            part(folder / name, options, report)
        except Exception as error:
            traceback.print_exc()
            report.item(full, False, f"{type(error).__name__}: {error}")
        finally:
            broker.stop_all()
