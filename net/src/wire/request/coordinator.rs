//! FindCoordinator (10), v0-v6, and InitProducerId (22), v0-v5.

use kafka_protocol::protocol::StrBytes;

use crate::wire::layout::layout;
use crate::wire::reader::Seq;

layout! {
    /// A FindCoordinator request. v4 asks for several keys at once.
    pub struct FindCoordinatorRequest {
        /// Group or transactional id, before v4.
        key: StrBytes = StrBytes::new(), ..=3;
        /// 0 = group, 1 = transaction, 2 = share group (v6+).
        key_type: i8 = 0, 1..;
        /// Group or transactional ids, from v4.
        coordinator_keys: Seq<StrBytes> = Seq::empty(), 4..;
    }
}

layout! {
    /// An InitProducerId request.
    pub struct InitProducerIdRequest {
        /// `None` = an idempotent producer without transactions.
        transactional_id: Option<StrBytes> = None, ..;
        /// How long a transaction may stay open, in milliseconds; without an id it says nothing.
        transaction_timeout_ms: i32 = 0, ..;
        /// The id the producer has, -1 = none.
        producer_id: i64 = -1, 3..;
        /// The epoch the producer has, -1 = none.
        producer_epoch: i16 = -1, 3..;
    }
}
