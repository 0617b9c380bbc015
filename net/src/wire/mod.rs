//! The codec: bytes in, requests out, and back. No I/O.
