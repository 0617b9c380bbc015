//! The states of a classic group. Values.

/// Where a classic group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClassicState {
    /// Nobody is in it; it stays for its offsets.
    #[default]
    Empty,
    /// Members are asked to join again, and waited for.
    PreparingRebalance,
    /// All have joined; the leader's assignment is waited for.
    CompletingRebalance,
    /// Everybody can have its assignment.
    Stable,
    /// It is not here any more: another coordinator has it, or another protocol.
    Dead,
}

impl ClassicState {
    /// Kafka's spelling.
    pub fn name(self) -> &'static str {
        match self {
            ClassicState::Empty => "Empty",
            ClassicState::PreparingRebalance => "PreparingRebalance",
            ClassicState::CompletingRebalance => "CompletingRebalance",
            ClassicState::Stable => "Stable",
            ClassicState::Dead => "Dead",
        }
    }

    /// Whether a rebalance can begin.
    pub(super) fn can_rebalance(self) -> bool {
        match self {
            ClassicState::Empty | ClassicState::CompletingRebalance | ClassicState::Stable => true,
            ClassicState::PreparingRebalance | ClassicState::Dead => false,
        }
    }
}
