//! Hash maps whose order does not depend on a random seed, so that a simulated run repeats.
//! Values; any thread. Still do not let iteration order decide anything that is visible.

use foldhash::fast::FixedState;

/// A hash map with a fixed hasher. Make one with `FixedMap::default()`.
pub type FixedMap<K, V> = hashbrown::HashMap<K, V, FixedState>;

/// A hash set with a fixed hasher. Make one with `FixedSet::default()`.
pub type FixedSet<K> = hashbrown::HashSet<K, FixedState>;
