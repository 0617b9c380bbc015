//! P1 to P3: bytes over loopback, a thread on a CPU of its own at each end. Loopback charges both
//! sides of the protocol to the sender.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::thread;
use std::time::Instant;

use super::figures::{Figures, Primitive};
use super::site::{GB, Site, bytes};
use crate::machine::{stay_on, thread_seconds};

const RECEIVE: Primitive = Primitive {
    id: "P1",
    name: "c_recv",
    meaning: "CPU to receive into a reused buffer",
    unit: "s/GB",
};
const SEND: Primitive =
    Primitive { id: "P2", name: "c_snd", meaning: "CPU to send from memory", unit: "s/GB" };
const SENDFILE: Primitive = Primitive {
    id: "P3",
    name: "c_sf",
    meaning: "CPU to sendfile from the hot page cache",
    unit: "s/GB",
};
/// Sizes of one call.
const CHUNKS: [usize; 2] = [64 << 10, 1 << 20];

/// Where the sent bytes come from.
#[derive(Clone, Copy)]
enum Source<'a> {
    Memory(&'a [u8]),
    File(&'a File, usize),
}

/// What one round moved.
struct Moved {
    bytes: f64,
    sender_cpu: f64,
    receiver_cpu: f64,
}

/// Measures P1, P2 and P3.
///
/// # Errors
/// A socket or the file fails.
pub fn measure(site: &Site, figures: &mut Figures) -> anyhow::Result<()> {
    for chunk in CHUNKS {
        let memory = vec![7; chunk];
        let moved = rounds(site, chunk, Source::Memory(&memory))?;
        let of = |cpu: fn(&Moved) -> f64| -> Vec<f64> {
            moved.iter().map(|one| cpu(one) / one.bytes * GB).collect()
        };
        figures.add(RECEIVE, format!("{} reads", bytes(chunk)), &of(|one| one.receiver_cpu));
        figures.add(SEND, format!("{} writes", bytes(chunk)), &of(|one| one.sender_cpu));
    }
    let file = site.file()?;
    let piece = vec![7; 1 << 20];
    for place in (0..site.plan.cached_bytes).step_by(piece.len()) {
        file.write_all_at(&piece, place)?;
    }
    for chunk in CHUNKS {
        let moved = rounds(site, chunk, Source::File(&file, chunk))?;
        let costs: Vec<f64> = moved.iter().map(|one| one.sender_cpu / one.bytes * GB).collect();
        figures.add(SENDFILE, format!("{} calls", bytes(chunk)), &costs);
    }
    Ok(())
}

fn rounds(site: &Site, chunk: usize, source: Source<'_>) -> anyhow::Result<Vec<Moved>> {
    (0..site.plan.rounds).map(|_| round(site, chunk, source)).collect()
}

fn round(site: &Site, chunk: usize, source: Source<'_>) -> anyhow::Result<Moved> {
    let (sender, receiver) = pair()?;
    thread::scope(|scope| {
        let receiving = scope.spawn(|| receive(receiver, site.load_cpu, chunk));
        let sending = scope.spawn(|| send(&sender, site, source));
        let sender_cpu = sending.join().map_err(|_| anyhow::anyhow!("the sender panicked"));
        // Whatever became of the sender, the receiver shall end.
        let _ = sender.shutdown(Shutdown::Both);
        let received = receiving.join().map_err(|_| anyhow::anyhow!("the receiver panicked"))??;
        let (bytes, receiver_cpu) = received;
        Ok(Moved { bytes, sender_cpu: sender_cpu??, receiver_cpu })
    })
}

/// Two ends of a connection over loopback, without Nagle's delay.
///
/// # Errors
/// What the kernel says.
pub fn pair() -> anyhow::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    Ok((near, far))
}

/// Sends for a round; the CPU seconds of that.
fn send(mut stream: &TcpStream, site: &Site, source: Source<'_>) -> anyhow::Result<f64> {
    stay_on(&[site.broker_cpu])?;
    let (begun, before) = (Instant::now(), thread_seconds());
    let mut offset = 0;
    while begun.elapsed() < site.plan.slice {
        match source {
            Source::Memory(chunk) => stream.write_all(chunk)?,
            Source::File(file, chunk) => {
                if offset + chunk as u64 > site.plan.cached_bytes {
                    offset = 0;
                }
                rustix::fs::sendfile(stream, file, Some(&mut offset), chunk)?;
            }
        }
    }
    let cpu = thread_seconds() - before;
    stream.shutdown(Shutdown::Write)?;
    Ok(cpu)
}

/// Receives to the end; the bytes and the CPU seconds of that.
fn receive(mut stream: TcpStream, cpu: usize, chunk: usize) -> anyhow::Result<(f64, f64)> {
    stay_on(&[cpu])?;
    let mut buffer = vec![0; chunk];
    let (before, mut total) = (thread_seconds(), 0.0);
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok((total, thread_seconds() - before)),
            read => total += read as f64,
        }
    }
}
