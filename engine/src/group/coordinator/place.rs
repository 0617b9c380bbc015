//! Which partition of `__consumer_offsets` holds a group: as Kafka says, or its clients and tools
//! would look elsewhere. Pure.

/// The partition that holds `group` when the topic has so many.
pub fn partition_of(group: &str, partitions: i32) -> i32 {
    // Java's String.hashCode, and the one number without an absolute value counts as 0.
    let hash = group
        .encode_utf16()
        .fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    hash.checked_abs().unwrap_or(0) % partitions.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stand_where_kafka_puts_them() {
        // "test".hashCode() is 3556498, "group" 98629247.
        assert_eq!(partition_of("test", 50), 48);
        assert_eq!(partition_of("group", 50), 47);
        assert_eq!(partition_of("", 50), 0);
        // Integer.MIN_VALUE.
        assert_eq!(partition_of("polygenelubricants", 50), 0);
        let ascii = (0..1000).map(|n| format!("console-consumer-{n}"));
        assert!(ascii.into_iter().all(|group| (0..7).contains(&partition_of(&group, 7))));
    }
}
