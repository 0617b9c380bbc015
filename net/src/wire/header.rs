//! Headers in front of requests and responses, and whole frames of either. Knows the api table, no
//! body. Lives on the connection's core; the client's half on the client's thread.
//!
//! ```text
//! request   api key i16 | version i16 | correlation id i32 | client id i16 + bytes | [tags]
//! response  correlation id i32 | [tags]
//! ```
//! Tags are there in flexible versions. The client id keeps its two-byte length even then.

use bytes::{Buf, BufMut, BytesMut};
use kafka_protocol::protocol::{Encodable, StrBytes};
use thiserror::Error;

use super::api_key::ApiKey;
use super::malformed::Malformed;
use super::primitive;
use super::writer::Writer;

/// What stands in front of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHeader {
    /// Which request.
    pub api_key: ApiKey,
    /// In which version; not checked against the versions this build serves, because an
    /// ApiVersions request of an unknown version has to be answered.
    pub version: i16,
    /// Sent back in the response, unchanged.
    pub correlation_id: i32,
    /// Who the client says it is. A slice of the frame: it keeps the frame's memory alive.
    pub client_id: Option<StrBytes>,
}

impl RequestHeader {
    /// Takes the header off the front of `frame`, leaving the body. A key without a layout is an
    /// error, as its header cannot be told apart: the connection has to be closed, as Kafka does.
    pub fn split(frame: &mut BytesMut) -> Result<RequestHeader, Malformed> {
        let code = frame.try_get_i16().map_err(|_| Malformed::Short)?;
        let version = frame.try_get_i16().map_err(|_| Malformed::Short)?;
        let correlation_id = frame.try_get_i32().map_err(|_| Malformed::Short)?;
        let api_key = ApiKey::from_code(code).ok_or(Malformed::ApiKey(code))?;
        let client_id = match primitive::string_length(frame, false)? {
            None => None,
            Some(length) => {
                let text = frame.split_to(length).freeze();
                Some(StrBytes::from_utf8(text).map_err(|_| Malformed::NotUtf8)?)
            }
        };
        if api_key.is_flexible(version) {
            primitive::skip_tags(frame)?;
        }
        Ok(RequestHeader { api_key, version, correlation_id, client_id })
    }

    /// Whether this build serves the version that was asked for.
    pub fn is_served(&self) -> bool {
        self.api_key.versions().contains(&self.version)
    }
}

/// Starts a response frame: room for the frame length, then the header. [`finish_frame`] fills
/// the length in.
pub fn start_response(header: &RequestHeader, into: &mut BytesMut) {
    into.put_i32(0);
    into.put_i32(header.correlation_id);
    if header.api_key.has_flexible_response_header(header.version) {
        into.put_u8(0);
    }
}

/// A whole request frame, as a client sends it, for a body of the kafka-protocol crate.
pub fn request_frame(
    header: &RequestHeader,
    body: &impl Encodable,
) -> Result<BytesMut, EncodeError> {
    let mut to = Writer::new(header.version, false);
    to.out.put_i32(0);
    to.out.put_i16(header.api_key.code());
    to.out.put_i16(header.version);
    to.out.put_i32(header.correlation_id);
    to.nullable_string(header.client_id.as_deref());
    if header.api_key.is_flexible(header.version) {
        to.out.put_u8(0);
    }
    body.encode(&mut to.out, body_version(header)).map_err(wrong)?;
    finish_frame(&mut to.out, 0)?;
    Ok(to.out)
}

/// Takes the header off the front of a response's `frame`, leaving the body, and gives back the
/// correlation id. `api_key` and `version` are those of the request it answers.
pub fn split_response(
    api_key: ApiKey,
    version: i16,
    frame: &mut BytesMut,
) -> Result<i32, Malformed> {
    let correlation_id = frame.try_get_i32().map_err(|_| Malformed::Short)?;
    if api_key.has_flexible_response_header(version) {
        primitive::skip_tags(frame)?;
    }
    Ok(correlation_id)
}

/// Why a message could not be put on the wire: a mistake of ours, never of the peer.
#[derive(Debug, Error)]
pub enum EncodeError {
    /// A frame's length is a 31-bit number.
    #[error("response of {0} bytes does not fit a frame")]
    TooLong(u64),
    /// The body has a value that its version cannot carry.
    #[error("response cannot be written: {0}")]
    Body(String),
}

/// Writes the length of a frame that starts at `frame`'s front, when `beside` more bytes of it
/// travel elsewhere.
pub(super) fn finish_frame(frame: &mut BytesMut, beside: u64) -> Result<(), EncodeError> {
    let length = (frame.len() as u64 - 4).saturating_add(beside);
    let declared = i32::try_from(length).map_err(|_| EncodeError::TooLong(length))?;
    frame[..4].copy_from_slice(&declared.to_be_bytes());
    Ok(())
}

/// A whole response frame, ready to send, for a body of the kafka-protocol crate. The body is
/// written in the version that was asked for.
pub fn response_frame(
    header: &RequestHeader,
    body: &impl Encodable,
) -> Result<BytesMut, EncodeError> {
    response_frame_in(header, body, body_version(header))
}

/// As [`response_frame`], with the body in another version than was asked for: version 0 for an
/// ApiVersions request of an unknown version.
pub fn response_frame_in(
    header: &RequestHeader,
    body: &impl Encodable,
    version: i16,
) -> Result<BytesMut, EncodeError> {
    let mut frame = BytesMut::with_capacity(9 + body.compute_size(version).map_err(wrong)?);
    start_response(header, &mut frame);
    body.encode(&mut frame, version).map_err(wrong)?;
    finish_frame(&mut frame, 0)?;
    Ok(frame)
}

/// The version the crate shall write a body in: for ListOffsets it stops at 10, and 11 looks the
/// same, both ways.
fn body_version(header: &RequestHeader) -> i16 {
    match header.api_key {
        ApiKey::ListOffsets => header.version.min(10),
        _ => header.version,
    }
}

fn wrong(error: impl ToString) -> EncodeError {
    EncodeError::Body(error.to_string())
}
