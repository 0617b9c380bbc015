//! ApiVersions (18), v0-v4: what a client is, before it asks what the broker speaks.

use kafka_protocol::protocol::StrBytes;

use crate::wire::layout::layout;

layout! {
    /// An ApiVersions request.
    pub struct ApiVersionsRequest {
        /// Name of the client library; from v3 a bad one is answered with INVALID_REQUEST.
        client_software_name: StrBytes = StrBytes::new(), 3..;
        /// Version of the client library; as the name.
        client_software_version: StrBytes = StrBytes::new(), 3..;
    }
}
