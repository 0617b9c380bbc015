//! From a key to the offset of its last record, in bounded memory: 24 bytes a key, however long
//! the key is.
//!
//! Keys are told apart by 128 bits of a keyed hash. The chance that two of ten thousand million
//! keys share them is below 10^-18, and nobody who does not know the hash key can find two. The
//! map takes memory as it fills, table by table, up to its limit. Pure.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::record::Offset;

const SLOT_BYTES: usize = size_of::<Slot>();
/// Slots of a full table: enough that tables fill evenly.
const TABLE_SLOTS: usize = 4096;
const TABLES_MAX: usize = 256;
/// Slots a table begins with.
const FIRST_SLOTS: usize = 64;

#[derive(Clone, Copy, Default)]
struct Slot {
    hash: [u64; 2],
    /// One more than the offset; 0 where the slot is free.
    offset_after: i64,
}

const _: () = assert!(SLOT_BYTES == 24);

/// Offsets by hash; a part of the map.
#[derive(Clone, Default)]
struct Table {
    slots: Vec<Slot>,
    used: usize,
}

/// A map of keys to offsets.
pub struct OffsetMap {
    hash_key: (u64, u64),
    tables: Vec<Table>,
    slots_max: usize,
    keys_max: usize,
    keys: usize,
    latest: Offset,
}

impl OffsetMap {
    /// An empty map that takes at most `bytes` of memory and fills at most `load_factor` of it, but
    /// always has room for a key. `hash_key` should be random.
    pub fn new(bytes: usize, load_factor: f64, hash_key: (u64, u64)) -> OffsetMap {
        let slots = (bytes / SLOT_BYTES).max(2);
        let tables = (slots / TABLE_SLOTS).clamp(1, TABLES_MAX);
        let slots_max = slots / tables;
        OffsetMap {
            hash_key,
            tables: vec![Table::default(); tables],
            slots_max,
            // One slot stays free, or a search for an absent key would have no end.
            keys_max: ((slots as f64 * load_factor) as usize).clamp(1, slots - 1),
            keys: 0,
            latest: -1,
        }
    }

    /// The last record of `key` so far is at `offset`, which must not be below earlier ones. False:
    /// the map is full, and nothing was changed.
    pub fn put(&mut self, key: &[u8], offset: Offset) -> bool {
        let hash = self.hash(key);
        let slots_max = self.slots_max;
        let full = self.keys >= self.keys_max;
        let Some(table) = self.table_of(hash) else { return false };
        match table.put(hash, offset, slots_max, full) {
            Put::Full => return false,
            Put::Known => {}
            Put::New => self.keys += 1,
        }
        self.latest = offset;
        true
    }

    /// Offset of the last record of `key`, among those that were put here.
    pub fn get(&self, key: &[u8]) -> Option<Offset> {
        let hash = self.hash(key);
        let table = self.tables.get(scaled(hash[1], self.tables.len()))?;
        table.get(hash)
    }

    /// What the map says holds for every offset up to this one; -1 when it says nothing.
    pub fn latest(&self) -> Offset {
        self.latest
    }

    /// There were no more records up to `offset`.
    pub fn advance(&mut self, offset: Offset) {
        self.latest = self.latest.max(offset);
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.keys
    }

    /// Bytes taken now.
    #[cfg(test)]
    pub fn size_in_bytes(&self) -> usize {
        self.tables.iter().map(|table| table.slots.capacity() * SLOT_BYTES).sum()
    }

    fn hash(&self, key: &[u8]) -> [u64; 2] {
        let mut hasher = SipHasher13::new_with_keys(self.hash_key.0, self.hash_key.1);
        hasher.write(key);
        let hash = hasher.finish128();
        [hash.h1, hash.h2]
    }

    fn table_of(&mut self, hash: [u64; 2]) -> Option<&mut Table> {
        let at = scaled(hash[1], self.tables.len());
        self.tables.get_mut(at)
    }
}

enum Put {
    New,
    Known,
    Full,
}

impl Table {
    fn get(&self, hash: [u64; 2]) -> Option<Offset> {
        let slot = self.slots.get(self.find(hash)?)?;
        (slot.offset_after > 0).then(|| slot.offset_after - 1)
    }

    fn put(&mut self, hash: [u64; 2], offset: Offset, slots_max: usize, full: bool) -> Put {
        let known = self.find(hash).and_then(|at| self.slots.get_mut(at));
        if let Some(slot) = known.filter(|slot| slot.offset_after > 0) {
            slot.offset_after = offset + 1;
            return Put::Known;
        }
        if full || !self.makes_room(slots_max) {
            return Put::Full;
        }
        let Some(slot) = self.find(hash).and_then(|at| self.slots.get_mut(at)) else {
            return Put::Full;
        };
        *slot = Slot { hash, offset_after: offset + 1 };
        self.used += 1;
        Put::New
    }

    /// Place of this hash, or the free one where it belongs; `None` in a table without slots.
    fn find(&self, hash: [u64; 2]) -> Option<usize> {
        let len = self.slots.len();
        let mut at = scaled(hash[0], len);
        // A slot is always free.
        loop {
            let slot = self.slots.get(at)?;
            if slot.offset_after == 0 || slot.hash == hash {
                return Some(at);
            }
            at = if at + 1 == len { 0 } else { at + 1 };
        }
    }

    /// Grows before an eighth is left; at its largest it fills but for one slot.
    fn makes_room(&mut self, slots_max: usize) -> bool {
        let len = self.slots.len();
        if len < slots_max && (self.used + 1) * 8 > len * 7 {
            let larger = (len * 2).max(FIRST_SLOTS).min(slots_max);
            let old = std::mem::replace(&mut self.slots, vec![Slot::default(); larger]);
            for slot in old.into_iter().filter(|slot| slot.offset_after > 0) {
                if let Some(place) = self.find(slot.hash).and_then(|at| self.slots.get_mut(at)) {
                    *place = slot;
                }
            }
        }
        self.used + 1 < self.slots.len()
    }
}

/// A number below `len` that grows with `hash`.
fn scaled(hash: u64, len: usize) -> usize {
    ((u128::from(hash) * len as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn map(bytes: usize, load_factor: f64) -> OffsetMap {
        OffsetMap::new(bytes, load_factor, (7, 11))
    }

    #[test]
    fn the_last_offset_of_every_key_is_found() {
        let mut map = map(64 << 20, 0.9);
        let mut model = BTreeMap::new();
        for offset in 0..300_000_i64 {
            let key = (offset * 7919 % 100_003).to_be_bytes();
            assert!(map.put(&key, offset));
            model.insert(key, offset);
        }
        assert_eq!((map.len(), map.latest()), (model.len(), 299_999));
        assert!(model.iter().all(|(key, offset)| map.get(key) == Some(*offset)));
        assert_eq!(map.get(b"absent"), None);
        assert!(map.size_in_bytes() < 8 << 20, "memory is taken as the map fills");
    }

    #[test]
    fn a_full_map_takes_no_more_and_keeps_what_it_has() {
        for (bytes, load_factor) in [(24 * 1000, 0.9), (1 << 20, 0.5), (1 << 20, 2.0), (0, 0.0)] {
            let mut map = map(bytes, load_factor);
            let slots = (bytes / 24).max(2);
            let taken = (0..100_000_i64).take_while(|n| map.put(&n.to_be_bytes(), *n)).count();
            assert!(taken >= 1 && taken < slots, "{taken} of {slots}");
            assert!(taken as f64 <= (slots as f64 * load_factor).max(1.0));
            assert!(taken as f64 >= (slots as f64 * load_factor.min(0.8)).floor() - 1.0, "{taken}");
            assert!(map.size_in_bytes() <= bytes.max(48));
            assert!((0..taken as i64).all(|n| map.get(&n.to_be_bytes()) == Some(n)));
            assert_eq!(map.latest(), taken as i64 - 1);
            assert!(map.get(&(taken as i64).to_be_bytes()).is_none());
        }
    }

    #[test]
    fn keys_of_every_length_are_told_apart() {
        let mut map = map(1 << 20, 0.9);
        let key = vec![0; 4000];
        for len in 0..key.len() {
            assert!(map.put(&key[..len], len as i64));
        }
        assert!((0..key.len()).all(|len| map.get(&key[..len]) == Some(len as i64)));
        map.advance(9_000);
        map.advance(5);
        assert_eq!(map.latest(), 9_000);
    }
}
