//! Random numbers: xoshiro256++ behind `Rng`, small and repeatable from a seed. Not for secrets.
//! It does not know where seeds come from: a backend's `rng` does. A value; any thread.

use uuid::Uuid;

/// A generator of its own; two made from the same seed give the same numbers.
#[derive(Clone, Debug)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// A generator that depends on `seed` only.
    pub fn seeded(seed: u64) -> Rng {
        let mut mix = seed;
        let mut next = || {
            mix = mix.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = mix;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Rng { state: [next(), next(), next(), next()] }
    }

    /// A generator from 256 bits of the kernel's randomness.
    #[cfg(not(simulated))]
    pub(super) fn from_words(state: [u64; 4]) -> Rng {
        // All zero is the one state that xoshiro cannot leave.
        if state == [0; 4] { Rng::seeded(0) } else { Rng { state } }
    }

    /// A new generator that shares no numbers with this one; keeps the full width of its state.
    pub fn fork(&mut self) -> Rng {
        Rng {
            state: [
                self.next_u64(),
                self.next_u64(),
                self.next_u64(),
                self.next_u64() | 1, // never all zero
            ],
        }
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let [s0, s1, s2, s3] = &mut self.state;
        let result = s0.wrapping_add(*s3).rotate_left(23).wrapping_add(*s0);
        let t = *s1 << 17;
        *s2 ^= *s0;
        *s3 ^= *s1;
        *s1 ^= *s2;
        *s0 ^= *s3;
        *s2 ^= t;
        *s3 = s3.rotate_left(45);
        result
    }

    /// A number in `0..bound`; 0 when `bound` is 0. The bias is below `bound / 2^64`.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// Fills `into` with random bytes.
    pub fn fill(&mut self, into: &mut [u8]) {
        for chunk in into.chunks_mut(8) {
            let word = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

/// A version 4 UUID for topics, clusters and directories. As in Kafka, never one whose base64url
/// text begins with '-', which command lines would take for an option, and never nil or one.
pub fn random_uuid() -> Uuid {
    random_uuid_from(&mut super::rng())
}

/// The same from a generator that is at hand: for whoever must repeat from a seed.
pub fn random_uuid_from(rng: &mut Rng) -> Uuid {
    loop {
        let mut bytes = [0; 16];
        rng.fill(&mut bytes);
        let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
        // '-' is the 62nd letter of base64url: the first six bits are 111110.
        if uuid.as_bytes()[0] >> 2 != 62 && uuid.as_u128() > 1 {
            return uuid;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let (mut a, mut b) = (Rng::seeded(7), Rng::seeded(7));
        assert!((0..100).all(|_| a.next_u64() == b.next_u64()));
        assert_ne!(Rng::seeded(7).next_u64(), Rng::seeded(8).next_u64());
    }

    #[test]
    fn below_stays_below_and_reaches_every_value() {
        let mut rng = Rng::seeded(1);
        let mut seen = [false; 7];
        for _ in 0..1000 {
            seen[rng.below(7) as usize] = true;
        }
        assert_eq!(seen, [true; 7]);
        assert_eq!(rng.below(0), 0);
    }

    #[test]
    fn no_uuid_begins_with_a_dash_in_base64url() {
        let mut rng = Rng::seeded(3);
        for _ in 0..10_000 {
            let uuid = random_uuid_from(&mut rng);
            assert_ne!(uuid.as_bytes()[0] & 0xfc, 0xf8);
            assert_eq!(uuid.get_version_num(), 4);
        }
    }

    #[test]
    fn fill_covers_odd_lengths() {
        let mut bytes = [0; 13];
        Rng::seeded(9).fill(&mut bytes);
        assert!(bytes.iter().any(|b| *b != 0) && bytes[12] != 0);
    }
}
