//! Whether every core is alive, told by counters that each of them keeps turning. Pure.
//!
//! Must not know: what a core does, who asks.

/// The counters as they stood when all of them had last moved.
#[derive(Debug)]
pub struct Pulse {
    last: Vec<u64>,
}

impl Pulse {
    /// `beats` is what the cores' counters are now.
    pub fn new(beats: Vec<u64>) -> Pulse {
        Pulse { last: beats }
    }

    /// True if every counter has moved since it was last true, or since the beginning. A core that
    /// is missing has not moved; neither has anything where there is no core.
    pub fn all_moved(&mut self, beats: Vec<u64>) -> bool {
        let all = beats.len() == self.last.len()
            && !beats.is_empty()
            && beats.iter().zip(&self.last).all(|(now, before)| now != before);
        if all {
            self.last = beats;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_must_move() {
        let mut pulse = Pulse::new(vec![7, 7]);
        assert!(!pulse.all_moved(vec![7, 7]));
        assert!(!pulse.all_moved(vec![9, 7]), "one stands");
        assert!(pulse.all_moved(vec![9, 8]), "both have moved since the beginning");
        assert!(!pulse.all_moved(vec![10, 8]));
        assert!(!pulse.all_moved(vec![11]), "one is gone");
        assert!(pulse.all_moved(vec![11, 9]));
        assert!(!Pulse::new(vec![]).all_moved(vec![]));
    }
}
