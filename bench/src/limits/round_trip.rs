//! P12: a byte to and fro over loopback between two CPUs, by how the ends wait for it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use corelog_engine::runtime::{ColdReads, Listener, Part, PartQueue, run_here};

use super::figures::{Figures, Primitive};
use super::network::pair;
use super::site::{MICROS, Site};
use super::sync::quantile;
use crate::executor::{self, Seat, accept_one, echo};
use crate::machine::stay_on;

const ROUND_TRIP: Primitive = Primitive {
    id: "P12",
    name: "t_rtt",
    meaning: "a byte to and fro over loopback, p50",
    unit: "us",
};

/// Cases that begin so have a server that sleeps until the byte comes.
pub const IDLE: &str = "idle";

/// A byte that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(5);

/// How an end waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// In the call.
    Sleeping,
    /// Asking again and again.
    Spinning,
}

/// Measures P12.
///
/// # Errors
/// A socket fails.
pub fn measure(site: &Site, figures: &mut Figures) -> anyhow::Result<()> {
    let mut add = |case: &str, round: &dyn Fn(&Site) -> anyhow::Result<f64>| {
        let times: anyhow::Result<Vec<f64>> = (0..site.plan.rounds).map(|_| round(site)).collect();
        figures.add(ROUND_TRIP, case, &times?);
        anyhow::Ok(())
    };
    add(&format!("{IDLE}, blocking calls"), &|site| blocking(site, Wait::Sleeping))?;
    add(&format!("{IDLE}, epoll, the broker's own sockets"), &epoll)?;
    add(&format!("{IDLE}, io_uring"), &|site| ring(site, Wait::Sleeping))?;
    if site.broker_cpu != site.load_cpu {
        add("both spin, plain calls", &|site| blocking(site, Wait::Spinning))?;
        add("the server spins, io_uring", &|site| ring(site, Wait::Spinning))?;
    }
    Ok(())
}

/// Both ends by plain calls.
fn blocking(site: &Site, wait: Wait) -> anyhow::Result<f64> {
    let (client, server) = pair()?;
    thread::scope(|scope| {
        scope.spawn(|| serve(server, site.broker_cpu, wait));
        pings(client, site, wait)
    })
}

fn serve(mut stream: TcpStream, cpu: usize, wait: Wait) -> io::Result<()> {
    stay_on(&[cpu])?;
    stream.set_nonblocking(wait == Wait::Spinning)?;
    let mut byte = [0];
    while receive(&mut stream, &mut byte)? > 0 {
        stream.write_all(&byte)?;
    }
    Ok(())
}

/// The p50 of a round's pings in microseconds; the connection ends with it.
fn pings(mut stream: TcpStream, site: &Site, wait: Wait) -> anyhow::Result<f64> {
    site.on(site.load_cpu, move || {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nonblocking(wait == Wait::Spinning)?;
        let (mut byte, mut times) = ([7], Vec::new());
        site.for_a_slice(|| {
            let begun = Instant::now();
            stream.write_all(&byte)?;
            anyhow::ensure!(receive(&mut stream, &mut byte)? > 0, "the server is gone");
            times.push(begun.elapsed().as_secs_f64() * MICROS);
            Ok(())
        })?;
        times.sort_by(f64::total_cmp);
        Ok(quantile(&times, 0.5).unwrap_or(0.0))
    })
}

/// Reads a byte; a socket that does not block is asked until it has one.
fn receive(stream: &mut TcpStream, byte: &mut [u8]) -> io::Result<usize> {
    let begun = Instant::now();
    loop {
        match stream.read(byte) {
            Err(error) if error.kind() == ErrorKind::WouldBlock && begun.elapsed() < PATIENCE => {
                std::hint::spin_loop();
            }
            read => return read,
        }
    }
}

/// The broker's runtime serves.
fn epoll(site: &Site) -> anyhow::Result<f64> {
    beside(site, |ready| {
        stay_on(&[site.broker_cpu])?;
        run_here(async move {
            let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), 1)?;
            let _ = ready.send(listener.local_addr()?);
            let (socket, _) = listener.accept().await?;
            let (mut bytes, cold) = (BytesMut::new(), ColdReads::new(1));
            while socket.recv(&mut bytes, 1).await? > 0 {
                let byte = Part::Memory(bytes.split().freeze());
                socket.send(&mut PartQueue::from([byte]), &cold).await.map_err(io::Error::other)?;
            }
            Ok(())
        })
    })
}

/// glommio serves.
fn ring(site: &Site, wait: Wait) -> anyhow::Result<f64> {
    let seat = Seat { cpu: Some(site.broker_cpu), spins: wait == Wait::Spinning };
    beside(site, move |ready| {
        let served = executor::run(&[seat], move |_| {
            let ready = ready.clone();
            async move { echo(accept_one(&ready).await?).await }
        });
        served.map_err(io::Error::other)?.into_iter().collect()
    })
}

/// Pings a server that runs beside and says where it is.
fn beside(
    site: &Site,
    serve: impl FnOnce(Sender<SocketAddr>) -> io::Result<()> + Send,
) -> anyhow::Result<f64> {
    let (ready, address): (_, Receiver<SocketAddr>) = channel();
    thread::scope(|scope| {
        let serving = scope.spawn(move || serve(ready));
        let time = match address.recv() {
            Ok(address) => pings(TcpStream::connect(address)?, site, Wait::Sleeping),
            Err(_) => Err(anyhow::anyhow!("the server did not start")),
        };
        serving.join().map_err(|_| anyhow::anyhow!("the server panicked"))??;
        time
    })
}
