//! Bytes on disk: segments, indexes, recovery, retention.
