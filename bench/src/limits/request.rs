//! P13: what a produce request costs beside its bytes, with storage stubbed: header and route,
//! decoding, the checks of its batch, the answer.

use bytes::BytesMut;

use super::figures::{Figures, Primitive};
use super::model::Shape;
use super::site::{MICROS, Site};
use crate::machine::thread_seconds;
use crate::paths::{answer_without_storage, produce_frame, produce_template};
use crate::workload::{Workload, find};

const REQUEST: Primitive = Primitive {
    id: "P13",
    name: "t_req",
    meaning: "CPU of a produce request with storage stubbed: route, decode, check, answer",
    unit: "us",
};
/// Requests between two looks at the clock: made before, so that making them does not count.
const REQUESTS: usize = 500;
/// Bytes of the one record of a request whose bytes cost next to nothing.
const RECORD_BYTES: usize = 100;

/// Measures P13.
///
/// # Errors
/// A request cannot be made or read.
pub fn measure(site: &Site, figures: &mut Figures) -> anyhow::Result<()> {
    for (case, partitions) in [("1 partition", 1), ("10 partitions", 10)] {
        let frame = produce_frame(&Workload {
            batches_per_request: partitions,
            batch_bytes: 1,
            record_bytes: RECORD_BYTES,
            ..Workload::default()
        })?;
        let costs = site.rounds(|_| {
            let (mut cpu, mut count) = (0.0, 0.0);
            site.for_a_slice(|| {
                let frames: Vec<BytesMut> =
                    (0..REQUESTS).map(|_| BytesMut::from(&frame[..])).collect();
                let before = thread_seconds();
                for frame in frames {
                    std::hint::black_box(answer_without_storage(frame)?);
                }
                cpu += thread_seconds() - before;
                count += REQUESTS as f64;
                Ok(())
            })?;
            Ok(cpu / count * MICROS)
        })?;
        figures.add(REQUEST, case, &costs);
    }
    Ok(())
}

/// What the requests of a named workload look like on the wire.
///
/// # Errors
/// There is no such workload.
pub fn shape(workload: &str, changes: &[String]) -> anyhow::Result<Shape> {
    let template = produce_template(&find(workload, changes)?)?;
    Ok(Shape { wire_bytes: template.frame_bytes() as f64, value_bytes: template.bytes as f64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_larger_than_the_values_in_it() {
        let shape = shape("durable", &[]).unwrap();
        assert!(shape.wire_bytes > shape.value_bytes && shape.value_bytes > 60_000.0);
    }
}
