//! The null responder's sockets: accepting, and one task per connection. Lives on executors.

use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::mpsc::Sender;

use bytes::BytesMut;

use super::answer::{Pretence, Rejected};
use super::records::Run;
use crate::clock;
use crate::executor::{self, Frames, Listener, Reader, Seat, Writer, sleep_until, spawn};

/// Requests longer than this are nonsense.
const FRAME_BYTES_MAX: usize = 128 << 20;
/// Answers are sent when so many bytes of them are collected, or nothing more is there to answer.
const COLLECTED_BYTES: usize = 64 << 10;

/// How the responder runs.
#[derive(Debug, Clone)]
pub struct NullSettings {
    /// Where to listen; port 0 = any.
    pub address: SocketAddr,
    /// One executor on each.
    pub seats: Vec<Seat>,
    /// Partitions of every topic.
    pub partitions: i32,
    /// Size of the records that every partition seems to hold.
    pub record_bytes: usize,
}

/// Serves until the process ends; `ready` gets the address.
///
/// # Errors
/// The address cannot be listened at, or an executor does not start.
pub fn serve(settings: NullSettings, ready: Sender<SocketAddr>) -> anyhow::Result<()> {
    let run = Run::new(settings.record_bytes)?;
    let address = settled(settings.address)?;
    let pretence = Pretence { address, partitions: settings.partitions, run };
    let ended = executor::run(&settings.seats, move |_| {
        let (pretence, ready) = (pretence.clone(), ready.clone());
        async move {
            let listener = Listener::bind(pretence.address)?;
            // Nobody waits for the address any more: then nobody needs it.
            let _ = ready.send(listener.address()?);
            accept(listener, Rc::new(pretence)).await
        }
    })?;
    Ok(ended.into_iter().collect::<std::io::Result<()>>()?)
}

/// The address with its port: every executor has to listen at the same one.
fn settled(address: SocketAddr) -> std::io::Result<SocketAddr> {
    if address.port() != 0 {
        return Ok(address);
    }
    TcpListener::bind(address)?.local_addr()
}

async fn accept(listener: Listener, pretence: Rc<Pretence>) -> std::io::Result<()> {
    loop {
        let (reader, writer) = listener.accept().await?;
        let pretence = pretence.clone();
        spawn(async move {
            // A connection ends when its client goes, or says what is not understood.
            if let Ok(Err(rejected)) = converse(reader, writer, &pretence).await {
                eprintln!("connection closed: {rejected}");
            }
        })
        .detach();
    }
}

async fn converse(
    reader: Reader,
    mut writer: Writer,
    pretence: &Pretence,
) -> std::io::Result<Result<(), Rejected>> {
    let mut frames = Frames::new(reader, FRAME_BYTES_MAX);
    let mut collected = Vec::with_capacity(COLLECTED_BYTES);
    loop {
        let answer = frames.next(|frame| pretence.answer(BytesMut::from(frame))).await?;
        let answer = match answer {
            Ok(answer) => answer,
            Err(rejected) => return Ok(Err(rejected)),
        };
        if !answer.pause.is_zero() {
            writer.send(&collected).await?;
            collected.clear();
            sleep_until(clock::now() + answer.pause.as_nanos() as u64).await;
        }
        for part in answer.parts {
            if part.len() >= COLLECTED_BYTES {
                writer.send(&collected).await?;
                collected.clear();
                writer.send(&part).await?;
            } else {
                collected.extend_from_slice(&part);
            }
        }
        if !frames.is_ready() || collected.len() >= COLLECTED_BYTES {
            writer.send(&collected).await?;
            collected.clear();
        }
    }
}
