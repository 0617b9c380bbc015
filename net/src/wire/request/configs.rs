//! DescribeConfigs (32), v1-v4.

use kafka_protocol::protocol::StrBytes;

use crate::wire::layout::layout;
use crate::wire::reader::Seq;

layout! {
    /// A DescribeConfigs request.
    pub struct DescribeConfigsRequest {
        /// What to describe.
        resources: Seq<ConfigResource> = Seq::empty(), ..;
        /// Whether to list where each value comes from.
        include_synonyms: bool = false, ..;
        /// Whether to explain each key.
        include_documentation: bool = false, 3..;
    }
}

layout! {
    /// A thing that has settings.
    pub struct ConfigResource {
        /// 2 = topic, 4 = broker, 8 = broker logger, 16 = client metrics, 32 = group.
        resource_type: i8 = 0, ..;
        /// Topic name, or broker id as text (empty = the cluster-wide default).
        resource_name: StrBytes = StrBytes::new(), ..;
        /// Keys asked for; `None` = all.
        configuration_keys: Option<Seq<StrBytes>> = None, ..;
    }
}
