//! A socket to one broker: frames out and in, one request at a time, in the highest version that
//! both sides know.
//!
//! An answer's memory grows with the bytes that arrive and is at most 128 MiB. Lives on the
//! command's only thread.

use std::collections::BTreeMap;
use std::io;
use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::BytesMut;
use kafka_protocol::messages::ApiVersionsRequest;
use kafka_protocol::protocol::{Encodable, StrBytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::ClientError;
use crate::wire::answer::metadata::ApiVersionsAnswer;
use crate::wire::{
    Answer, ApiKey, ErrorCode, LENGTH_BYTES, RequestHeader, request_frame, split_response,
};

/// Answers longer than this are taken for nonsense.
const ANSWER_BYTES_MAX: usize = 128 << 20;
/// A broker that does not accept for this long is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What a request may take at the broker, and as much again on the way.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// ApiVersions is asked in this version first; who does not know it answers in version 0.
const API_VERSIONS_FIRST: i16 = 3;
/// Every version that is known to both sides.
pub const ANY: RangeInclusive<i16> = 0..=i16::MAX;

/// One connection.
pub struct Connection {
    address: String,
    stream: TcpStream,
    versions: BTreeMap<i16, (i16, i16)>,
    correlation_id: i32,
    /// A request was sent whose answer has not been read.
    is_owed: bool,
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
            Err(_) => return Err(refused(io::ErrorKind::TimedOut.into())),
        };
        stream.set_nodelay(true).map_err(refused)?;
        let mut connection = Connection {
            address: address.to_owned(),
            stream,
            versions: BTreeMap::new(),
            correlation_id: 0,
            is_owed: false,
        };
        connection.learn_versions().await?;
        Ok(connection)
    }

    /// The highest version of a request that this broker, our codec and `ours` know.
    ///
    /// # Errors
    /// [`ClientError::Unserved`].
    pub fn version(&self, api: ApiKey, ours: RangeInclusive<i16>) -> Result<i16, ClientError> {
        let (first, last) = api.versions().into_inner();
        let both = self.versions.get(&api.code()).map(|(min, max)| {
            let newest = last.min(*max).min(*ours.end());
            (first.max(*min).max(*ours.start())..=newest, newest)
        });
        match both {
            Some((range, newest)) if !range.is_empty() => Ok(newest),
            Some(_) | None => {
                Err(ClientError::Unserved { address: self.address.clone(), api: api.name() })
            }
        }
    }

    /// Where it leads, as `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether it is fit for another request: one that was given up left its answer behind.
    pub fn is_usable(&self) -> bool {
        !self.is_owed
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// [`ClientError`] except for refusals: those stand in the answer.
    pub async fn call<A: Answer>(
        &mut self,
        request: &impl Encodable,
        version: i16,
    ) -> Result<A, ClientError> {
        self.call_within(request, version, REQUEST_TIMEOUT * 2).await
    }

    /// As [`Connection::call`], for requests that may wait for others.
    ///
    /// # Errors
    /// See there.
    pub async fn call_within<A: Answer>(
        &mut self,
        request: &impl Encodable,
        version: i16,
        patience: Duration,
    ) -> Result<A, ClientError> {
        let exchange = async {
            self.is_owed = true;
            self.send(A::KEY, request, version).await?;
            let body = self.receive(A::KEY, version).await?;
            self.is_owed = false;
            A::decode(version, body).map_err(|why| self.unreadable(A::KEY, why.to_string()))
        };
        match timeout(patience, exchange).await {
            Ok(answered) => answered,
            Err(_) => Err(ClientError::TimedOut { address: self.address.clone(), after: patience }),
        }
    }

    /// Sends a request without waiting (Produce with acks=0 has no answer).
    ///
    /// # Errors
    /// [`ClientError::Broken`], or [`ClientError::Unsendable`] when it cannot be encoded.
    pub async fn send(
        &mut self,
        api_key: ApiKey,
        request: &impl Encodable,
        version: i16,
    ) -> Result<(), ClientError> {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        let header = RequestHeader {
            api_key,
            version,
            correlation_id: self.correlation_id,
            client_id: Some(StrBytes::from_static_str("corelog")),
        };
        let frame = request_frame(&header, request)
            .map_err(|why| ClientError::Unsendable { api: api_key.name(), why: why.to_string() })?;
        self.stream.write_all(&frame).await.map_err(|source| self.broken(source))
    }

    /// The body of the next answer, which must belong to the last request.
    async fn receive(&mut self, api_key: ApiKey, version: i16) -> Result<BytesMut, ClientError> {
        let mut head = [0; LENGTH_BYTES];
        self.stream.read_exact(&mut head).await.map_err(|source| self.broken(source))?;
        let length = usize::try_from(i32::from_be_bytes(head)).ok();
        let Some(length) = length.filter(|bytes| *bytes <= ANSWER_BYTES_MAX) else {
            return Err(self.unreadable(api_key, "its length is nonsense".to_owned()));
        };
        let mut frame = BytesMut::new();
        while frame.len() < length {
            let missing = (length - frame.len()) as u64;
            let read = (&mut self.stream).take(missing).read_buf(&mut frame).await;
            if read.map_err(|source| self.broken(source))? == 0 {
                return Err(self.broken(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        let id = split_response(api_key, version, &mut frame)
            .map_err(|why| self.unreadable(api_key, why.to_string()))?;
        if id != self.correlation_id {
            return Err(self.unreadable(api_key, "it belongs to another request".to_owned()));
        }
        Ok(frame)
    }

    async fn learn_versions(&mut self) -> Result<(), ClientError> {
        let answer = match timeout(REQUEST_TIMEOUT, self.ask_versions()).await {
            Ok(answer) => answer?,
            Err(_) => {
                let address = self.address.clone();
                return Err(ClientError::TimedOut { address, after: REQUEST_TIMEOUT });
            }
        };
        if answer.error_code != 0 {
            return Err(ClientError::refused("ApiVersions", answer.error_code, None));
        }
        let ranges = answer.api_keys.iter();
        self.versions =
            ranges.map(|api| (api.api_key, (api.min_version, api.max_version))).collect();
        Ok(())
    }

    /// An unknown version is answered in version 0 with error 35: then version 0 is asked.
    async fn ask_versions(&mut self) -> Result<ApiVersionsAnswer, ClientError> {
        const KEY: ApiKey = ApiKey::ApiVersions;
        let request = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("corelog"))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")));
        self.send(KEY, &request, API_VERSIONS_FIRST).await?;
        let mut body = self.receive(KEY, API_VERSIONS_FIRST).await?;
        let mut version = API_VERSIONS_FIRST;
        let code = body.first_chunk().map(|code| i16::from_be_bytes(*code));
        if code == Some(ErrorCode::UnsupportedVersion.code()) {
            version = 0;
            self.send(KEY, &ApiVersionsRequest::default(), version).await?;
            body = self.receive(KEY, version).await?;
        }
        ApiVersionsAnswer::decode(version, body)
            .map_err(|why| self.unreadable(KEY, why.to_string()))
    }

    fn broken(&self, source: io::Error) -> ClientError {
        ClientError::Broken { address: self.address.clone(), source }
    }

    fn unreadable(&self, api: ApiKey, why: String) -> ClientError {
        ClientError::Unreadable { address: self.address.clone(), api: api.name(), why }
    }
}
