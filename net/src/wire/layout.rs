//! The schema language: one `layout!` table per structure of the protocol, a line per field with
//! its type, the value it has in versions that lack it, and the versions that carry it. The table
//! is the struct and its decoder; there is no branching to get wrong beside it. Any thread.
//!
//! ```text
//! layout! {
//!     pub struct DescribeClusterRequest {
//!         include_cluster_authorized_operations: bool = false, 0..;
//!         endpoint_type: i8 = 1, 1..;
//!     }
//!     tagged { 0 => cluster_id: Option<StrBytes> = None, 12..; }
//! }
//! ```

use std::ops::RangeBounds;

/// Whether `version` is among the `versions` that carry a field.
pub(crate) fn carries(versions: impl RangeBounds<i16>, version: i16) -> bool {
    versions.contains(&version)
}

/// Declares a structure of the protocol and how it is read; see the module's text.
macro_rules! layout {
    (
        $(#[$doc:meta])*
        pub struct $name:ident {
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $absent:expr, $versions:expr;)*
        }
        $(tagged {
            $($(#[$tag_doc:meta])*
              $tag:literal => $tagged:ident: $tag_type:ty = $tag_absent:expr, $tag_versions:expr;)*
        })?
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            $($($(#[$tag_doc])* pub $tagged: $tag_type,)*)?
        }

        impl $crate::wire::reader::Field for $name {
            fn read(
                from: &mut $crate::wire::reader::Reader,
            ) -> Result<Self, $crate::wire::malformed::Malformed> {
                #[allow(unused_variables)]
                let version = from.version();
                $(let $field: $type = if $crate::wire::layout::carries($versions, version) {
                    $crate::wire::reader::Field::read(from)?
                } else {
                    $absent
                };)*
                $($(let mut $tagged: $tag_type = $tag_absent;)*)?
                #[allow(unused_variables)]
                from.tags(|tag, field| {
                    match tag {
                        $($($tag if $crate::wire::layout::carries($tag_versions, version) => {
                            $tagged = $crate::wire::reader::Field::read(field)?;
                            Ok(true)
                        })*)?
                        _ => Ok(false),
                    }
                })?;
                Ok($name { $($field,)* $($($tagged,)*)? })
            }
        }
    };
}
pub(crate) use layout;
