//! The rows of the goal table: which figure, in which unit, and what is aimed at. Plain data.

use Better::{Higher, Lower};
use Class::{Both, D1, D2};
use Target::{Absolute, OfLimit, OverPeer};

/// Which side is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// The table a row stands in: acks from the page cache and acks after the flush never share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Acks from the page cache.
    D1,
    /// Acks after the device's flush.
    D2,
    /// Acks play no part.
    Both,
}

/// What is aimed at. With [`Lower`], at most; with [`Higher`], at least.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// The figure itself.
    Absolute(f64),
    /// So many times the best of the others.
    OverPeer(f64),
    /// So many times what the machine allows.
    OfLimit(f64),
}

/// A row.
#[derive(Debug, Clone, Copy)]
pub struct Goal {
    /// Its number in the goal table.
    pub row: u8,
    /// The table it stands in.
    pub class: Class,
    /// What is measured.
    pub title: &'static str,
    /// Name of the figure.
    pub figure: &'static str,
    /// Which side is better.
    pub better: Better,
    /// What is aimed at.
    pub targets: &'static [Target],
}

const fn goal(
    row: u8,
    class: Class,
    title: &'static str,
    figure: &'static str,
    better: Better,
    targets: &'static [Target],
) -> Goal {
    Goal { row, class, title, figure, better, targets }
}

/// All rows, in order.
pub const GOALS: &[Goal] = &[
    goal(
        1,
        D2,
        "durable produce, 16 partitions, 64 KiB batches",
        "d2 produce MB/s",
        Higher,
        &[OverPeer(2.0), OfLimit(0.80)],
    ),
    goal(
        2,
        D1,
        "produce from the page cache, same shape",
        "d1 produce MB/s",
        Higher,
        &[OverPeer(1.5), OfLimit(0.75)],
    ),
    goal(
        3,
        D2,
        "single 100-byte records, 100 partitions",
        "small records per CPU s",
        Higher,
        &[OverPeer(3.0)],
    ),
    goal(
        5,
        D2,
        "ack of one record at a time, p50",
        "idle ack p50 ms",
        Lower,
        &[OverPeer(0.5), OfLimit(1.15)],
    ),
    goal(
        6,
        D2,
        "ack p99 at half of its own load / one sync",
        "half load p99 / S",
        Lower,
        &[Absolute(2.5)],
    ),
    goal(
        6,
        D2,
        "ack p99.9 at half of its own load / one sync",
        "half load p99.9 / S",
        Lower,
        &[Absolute(4.0)],
    ),
    goal(
        6,
        D2,
        "ack p99 at half of its own load / a bare loop's",
        "half load p99 / bare loop",
        Lower,
        &[Absolute(1.25)],
    ),
    goal(6, D2, "ack p99 at the same rate for all", "equal rate p99 ms", Lower, &[OverPeer(0.4)]),
    goal(
        7,
        D2,
        "end to end p50 at a tenth of the load",
        "end to end p50 ms",
        Lower,
        &[OverPeer(0.5), OfLimit(1.25)],
    ),
    goal(
        7,
        D2,
        "end to end p99 at a tenth of the load",
        "end to end p99 ms",
        Lower,
        &[OverPeer(0.5)],
    ),
    goal(
        9,
        Both,
        "tail fetch, one consumer, hot",
        "tail MB/s",
        Higher,
        &[OverPeer(1.3), OfLimit(0.90)],
    ),
    goal(10, D1, "CPU per GB delivered to 8 groups", "fan-out CPU s/GB", Lower, &[OverPeer(0.6)]),
    goal(
        11,
        D2,
        "CPU per GB produced at half load",
        "half load CPU s/GB",
        Lower,
        &[OverPeer(0.5), OfLimit(1.25)],
    ),
    goal(
        12,
        D2,
        "system calls per record at half load",
        "syscalls per record",
        Lower,
        &[Absolute(0.02)],
    ),
    goal(
        12,
        D2,
        "context switches per record at half load",
        "switches per record",
        Lower,
        &[Absolute(0.01)],
    ),
    goal(
        13,
        D2,
        "zstd: CPU per GB that travels / uncompressed",
        "zstd CPU over plain",
        Lower,
        &[Absolute(1.05)],
    ),
    goal(
        13,
        D2,
        "lz4: CPU per GB that travels / uncompressed",
        "lz4 CPU over plain",
        Lower,
        &[Absolute(1.05)],
    ),
    goal(13, D2, "zstd: CPU per GB that travels", "zstd CPU s/wire GB", Lower, &[OverPeer(0.25)]),
    goal(
        15,
        Both,
        "resident memory when idle, MiB",
        "RSS idle MiB",
        Lower,
        &[Absolute(24.0), OverPeer(0.1)],
    ),
    goal(
        15,
        Both,
        "resident memory when loaded, MiB",
        "RSS loaded MiB",
        Lower,
        &[Absolute(256.0), OverPeer(0.1)],
    ),
    goal(16, Both, "memory per idle partition, KiB", "KiB per partition", Lower, &[Absolute(4.0)]),
    goal(
        16,
        Both,
        "memory per idle connection, KiB",
        "KiB per connection",
        Lower,
        &[Absolute(8.0)],
    ),
    goal(
        17,
        Both,
        "start to first ack, empty, ms",
        "start empty ms",
        Lower,
        &[Absolute(50.0), OverPeer(0.05)],
    ),
    goal(
        17,
        Both,
        "start to first ack, with data and partitions, ms",
        "start with data ms",
        Lower,
        &[Absolute(1000.0), OverPeer(0.05)],
    ),
    goal(18, Both, "recovery after a kill, 1 GB, s", "recovery s, 1 GB", Lower, &[Absolute(0.5)]),
    goal(18, Both, "recovery after a kill, 10 GB, s", "recovery s, 10 GB", Lower, &[Absolute(0.5)]),
    goal(
        20,
        D2,
        "throughput kept among silent connections",
        "kept with many connections",
        Higher,
        &[Absolute(0.95)],
    ),
    goal(
        25,
        Both,
        "idle CPU with parked fetches, % of a core",
        "idle CPU %",
        Lower,
        &[Absolute(0.5)],
    ),
];
