//! A socket to one broker: frames out and in, one request at a time, in the highest version that
//! both sides know.
//!
//! An answer is read into memory of its declared length, at most 128 MiB, and decoded by the
//! kafka-protocol crate: this side trusts the broker that its user named. Lives on the command's
//! only thread.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse, RequestHeader};
use kafka_protocol::protocol::{
    Decodable, Encodable, HeaderVersion, Message, Request, StrBytes, VersionRange,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::ClientError;
use crate::wire::ErrorCode;

/// Answers longer than this are taken for nonsense.
const ANSWER_BYTES_MAX: usize = 128 << 20;
/// A broker that does not accept for this long is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What a request may take at the broker, and as much again on the way.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// ApiVersions is asked in this version first; a broker that does not know it answers in version 0.
const API_VERSIONS_FIRST: i16 = 3;

/// One connection.
pub struct Connection {
    address: String,
    stream: TcpStream,
    versions: BTreeMap<i16, VersionRange>,
    correlation_id: i32,
}

impl Connection {
    /// Connects to `host:port` and asks which versions are served.
    ///
    /// # Errors
    /// [`ClientError::Connect`] and whatever the first request may meet.
    pub async fn open(address: &str) -> Result<Connection, ClientError> {
        let refused = |source| ClientError::Connect { address: address.to_owned(), source };
        let stream = match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(connected) => connected.map_err(refused)?,
            Err(_) => return Err(refused(std::io::ErrorKind::TimedOut.into())),
        };
        stream.set_nodelay(true).map_err(refused)?;
        let mut connection = Connection {
            address: address.to_owned(),
            stream,
            versions: BTreeMap::new(),
            correlation_id: 0,
        };
        connection.learn_versions().await?;
        Ok(connection)
    }

    /// The highest version of `R` that this broker, the codec and `ours` know.
    ///
    /// # Errors
    /// [`ClientError::Unserved`].
    pub fn version<R: Request>(&self, ours: VersionRange) -> Result<i16, ClientError> {
        let both = self.versions.get(&R::KEY).map(|theirs| {
            let known = R::VERSIONS.intersect(&R::Response::VERSIONS).intersect(&ours);
            theirs.intersect(&known)
        });
        match both {
            Some(range) if !range.is_empty() => Ok(range.max),
            Some(_) | None => {
                Err(ClientError::Unserved { address: self.address.clone(), api: name_of::<R>() })
            }
        }
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// [`ClientError`] except for refusals: those stand in the answer.
    pub async fn call<R: Request>(
        &mut self,
        request: &R,
        version: i16,
    ) -> Result<R::Response, ClientError> {
        let exchange = async {
            self.send(request, version).await?;
            let mut answer = self.receive::<R>(version).await?;
            R::Response::decode(&mut answer, version)
                .map_err(|why| self.unreadable::<R>(why.to_string()))
        };
        match timeout(REQUEST_TIMEOUT * 2, exchange).await {
            Ok(answered) => answered,
            Err(_) => Err(ClientError::TimedOut {
                address: self.address.clone(),
                after: REQUEST_TIMEOUT * 2,
            }),
        }
    }

    /// Sends a request that has no answer (Produce with acks=0).
    ///
    /// # Errors
    /// [`ClientError::Broken`], or [`ClientError::Unreadable`] when it cannot be encoded.
    pub async fn send<R: Request>(&mut self, request: &R, version: i16) -> Result<(), ClientError> {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation_id)
            .with_client_id(Some(StrBytes::from_static_str("corelog")));
        let mut frame = BytesMut::new();
        frame.put_i32(0);
        header
            .encode(&mut frame, R::header_version(version))
            .and_then(|()| request.encode(&mut frame, version))
            .map_err(|why| self.unreadable::<R>(why.to_string()))?;
        let length = i32::try_from(frame.len().saturating_sub(4))
            .map_err(|_| self.unreadable::<R>("the request is too large".to_owned()))?;
        if let Some(head) = frame.first_chunk_mut::<4>() {
            *head = length.to_be_bytes();
        }
        self.stream.write_all(&frame).await.map_err(|source| self.broken(source))
    }

    /// The body of the next answer, which must belong to the last request.
    async fn receive<R: Request>(&mut self, version: i16) -> Result<Bytes, ClientError> {
        let length = self.stream.read_i32().await.map_err(|source| self.broken(source))?;
        let length = usize::try_from(length).ok().filter(|bytes| *bytes <= ANSWER_BYTES_MAX);
        let Some(length) = length else {
            return Err(self.unreadable::<R>("its length is nonsense".to_owned()));
        };
        let mut frame = BytesMut::zeroed(length);
        self.stream.read_exact(&mut frame).await.map_err(|source| self.broken(source))?;
        let mut frame = frame.freeze();
        let short = "it ends inside its header";
        let id = frame.try_get_i32().map_err(|_| self.unreadable::<R>(short.to_owned()))?;
        if id != self.correlation_id {
            return Err(self.unreadable::<R>("it belongs to another request".to_owned()));
        }
        if R::Response::header_version(version) > 0 {
            skip_tags(&mut frame).ok_or_else(|| self.unreadable::<R>(short.to_owned()))?;
        }
        Ok(frame)
    }

    async fn learn_versions(&mut self) -> Result<(), ClientError> {
        let request = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("corelog"))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")));
        let answer = match timeout(REQUEST_TIMEOUT, self.ask_versions(&request)).await {
            Ok(answer) => answer?,
            Err(_) => {
                let address = self.address.clone();
                return Err(ClientError::TimedOut { address, after: REQUEST_TIMEOUT });
            }
        };
        if answer.error_code != 0 {
            return Err(ClientError::refused("ApiVersions", answer.error_code, None));
        }
        let ranges = answer
            .api_keys
            .iter()
            .map(|api| (api.api_key, VersionRange { min: api.min_version, max: api.max_version }));
        self.versions = ranges.collect();
        Ok(())
    }

    /// An unknown version is answered in version 0 with error 35: then version 0 is asked.
    async fn ask_versions(
        &mut self,
        request: &ApiVersionsRequest,
    ) -> Result<ApiVersionsResponse, ClientError> {
        self.send(request, API_VERSIONS_FIRST).await?;
        let mut answer = self.receive::<ApiVersionsRequest>(API_VERSIONS_FIRST).await?;
        let code = answer.first_chunk::<2>().map(|code| i16::from_be_bytes(*code));
        let version = if code == Some(ErrorCode::UnsupportedVersion.code()) {
            self.send(&ApiVersionsRequest::default(), 0).await?;
            answer = self.receive::<ApiVersionsRequest>(0).await?;
            0
        } else {
            API_VERSIONS_FIRST
        };
        ApiVersionsResponse::decode(&mut answer, version)
            .map_err(|why| self.unreadable::<ApiVersionsRequest>(why.to_string()))
    }

    fn broken(&self, source: std::io::Error) -> ClientError {
        ClientError::Broken { address: self.address.clone(), source }
    }

    fn unreadable<R: Request>(&self, why: String) -> ClientError {
        ClientError::Unreadable { address: self.address.clone(), api: name_of::<R>(), why }
    }
}

/// Skips the tagged fields of an answer's header: a count, then number, length and bytes of each.
fn skip_tags(frame: &mut Bytes) -> Option<()> {
    for _ in 0..unsigned_varint(frame)? {
        let _tag = unsigned_varint(frame)?;
        let length = usize::try_from(unsigned_varint(frame)?).ok()?;
        if length > frame.len() {
            return None;
        }
        frame.advance(length);
    }
    Some(())
}

fn unsigned_varint(frame: &mut Bytes) -> Option<u32> {
    let mut value = 0u32;
    for shift in [0, 7, 14, 21, 28] {
        let byte = frame.try_get_u8().ok()?;
        value |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// `ListOffsets` for `ListOffsetsRequest`.
fn name_of<R>() -> String {
    let path = std::any::type_name::<R>();
    let name = path.rsplit("::").next().unwrap_or(path);
    name.trim_end_matches("Request").to_owned()
}
