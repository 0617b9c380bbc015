//! What all rounds gave: one value per round, by broker and by the name of the figure. Plain data.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::measure::Spread;

/// Figures of all brokers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Figures {
    /// Broker, then figure, then one value per round.
    pub values: BTreeMap<String, BTreeMap<String, Vec<f64>>>,
    /// What did not work, in words.
    pub failures: Vec<String>,
}

impl Figures {
    /// Adds a value of the running round.
    pub fn add(&mut self, broker: &str, name: &str, value: f64) {
        let of_broker = self.values.entry(broker.to_owned()).or_default();
        of_broker.entry(name.to_owned()).or_default().push(value);
    }

    /// Median and range of a figure.
    pub fn spread(&self, broker: &str, name: &str) -> Option<Spread> {
        Spread::of(self.values.get(broker)?.get(name)?)
    }

    /// The newest value of a figure.
    pub fn last(&self, broker: &str, name: &str) -> Option<f64> {
        self.values.get(broker)?.get(name)?.last().copied()
    }
}
