//! The null responder's sockets: a thread per connection, whose calls block. Must not know
//! executors: what those can do is what it is there to show.

use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;

use bytes::{Bytes, BytesMut};
use corelog_net::wire::LENGTH_BYTES;

use super::answer::{Pretence, Rejected};
use super::records::Run;
use crate::machine::stay_on;

/// Requests longer than this are nonsense.
const FRAME_BYTES_MAX: usize = 128 << 20;
/// Answers are sent when so many bytes of them are collected, or nothing more is there to answer.
const COLLECTED_BYTES: usize = 64 << 10;

/// How the responder runs.
#[derive(Debug, Clone)]
pub struct NullSettings {
    /// Where to listen; port 0 = any.
    pub address: SocketAddr,
    /// The CPUs that its threads share; none = all.
    pub cpus: Vec<usize>,
    /// Partitions of every topic.
    pub partitions: i32,
    /// Size of the records that every partition seems to hold.
    pub record_bytes: usize,
}

/// Serves until the process ends; `ready` gets the address.
///
/// # Errors
/// The address cannot be listened at, or a CPU is not there.
pub fn serve(settings: NullSettings, ready: &Sender<SocketAddr>) -> anyhow::Result<()> {
    let run = Run::new(settings.record_bytes)?;
    stay_on(&settings.cpus)?;
    let listener = TcpListener::bind(settings.address)?;
    let address = listener.local_addr()?;
    let pretence = Arc::new(Pretence { address, partitions: settings.partitions, run });
    // Nobody waits for the address any more: then nobody needs it.
    let _ = ready.send(address);
    loop {
        let (stream, _) = listener.accept()?;
        let pretence = pretence.clone();
        thread::Builder::new().name("null".to_owned()).spawn(move || {
            // A connection ends when its client goes, or says what is not understood.
            if let Ok(Err(rejected)) = converse(&stream, &pretence) {
                eprintln!("connection closed: {rejected}");
            }
        })?;
    }
}

fn converse(stream: &TcpStream, pretence: &Pretence) -> io::Result<Result<(), Rejected>> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(COLLECTED_BYTES, stream);
    let mut writer = BufWriter::with_capacity(COLLECTED_BYTES, stream);
    loop {
        let answer = match pretence.answer(frame(&mut reader)?) {
            Ok(answer) => answer,
            Err(rejected) => return Ok(Err(rejected)),
        };
        if !answer.pause.is_zero() {
            writer.flush()?;
            thread::sleep(answer.pause);
        }
        for part in answer.parts {
            writer.write_all(&part)?;
        }
        if reader.buffer().is_empty() {
            writer.flush()?;
        }
    }
}

/// The next frame, without its length. Memory is taken for what arrives, not for what a length
/// promises.
fn frame(reader: &mut impl Read) -> io::Result<BytesMut> {
    let mut head = [0; LENGTH_BYTES];
    reader.read_exact(&mut head)?;
    let declared = i32::from_be_bytes(head);
    let length = usize::try_from(declared).ok().filter(|bytes| *bytes <= FRAME_BYTES_MAX);
    let Some(length) = length else {
        return Err(io::Error::other(format!("a frame of {declared} bytes is nonsense")));
    };
    let mut body = Vec::new();
    reader.take(length as u64).read_to_end(&mut body)?;
    if body.len() < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(BytesMut::from(Bytes::from(body)))
}
