//! Which connections may come in: `max.connections` and `max.connections.per.ip`, over all cores.
//!
//! The one thing that cores share under a lock: an address may come in on any core, and accepting
//! and closing is rare next to serving. Any core.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use corelog_engine::runtime::IpAddr;

/// What may be open at once. Kafka's defaults are unlimited.
#[derive(Clone, Debug)]
pub struct AdmissionLimits {
    /// `max.connections`.
    pub connections: u64,
    /// `max.connections.per.ip`.
    pub per_address: u64,
    /// `max.connections.per.ip.overrides`.
    pub per_address_overrides: BTreeMap<IpAddr, u64>,
}

/// Why a connection is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Turned {
    /// Above `max.connections`: no listener accepts until one closes.
    #[error("max.connections reached")]
    Full,
    /// Above `max.connections.per.ip` (or its override): this one is closed.
    #[error("max.connections.per.ip reached")]
    AddressFull,
}

/// The open connections of the broker.
#[derive(Debug)]
pub struct Admission {
    limits: AdmissionLimits,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    connections: u64,
    per_address: BTreeMap<IpAddr, u64>,
}

impl Admission {
    /// Nobody is in yet.
    pub fn new(limits: AdmissionLimits) -> Arc<Admission> {
        Arc::new(Admission { limits, open: Mutex::default() })
    }

    /// Whether another connection may be accepted at all.
    pub fn has_room(&self) -> bool {
        self.open().connections < self.limits.connections
    }

    /// Lets a connection from `address` in, until the pass is dropped.
    pub fn admit(self: &Arc<Admission>, address: IpAddr) -> Result<Pass, Turned> {
        let mut open = self.open();
        if open.connections >= self.limits.connections {
            return Err(Turned::Full);
        }
        let overridden = self.limits.per_address_overrides.get(&address);
        let most = overridden.copied().unwrap_or(self.limits.per_address);
        let from_here = open.per_address.entry(address).or_default();
        if *from_here >= most {
            return Err(Turned::AddressFull);
        }
        *from_here += 1;
        open.connections += 1;
        Ok(Pass { admission: self.clone(), address })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The right of one connection to be open.
#[derive(Debug)]
pub struct Pass {
    admission: Arc<Admission>,
    address: IpAddr,
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut open = self.admission.open();
        open.connections = open.connections.saturating_sub(1);
        if let Some(from_here) = open.per_address.get_mut(&self.address) {
            *from_here = from_here.saturating_sub(1);
            if *from_here == 0 {
                open.per_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    fn admission(connections: u64, per_address: u64) -> Arc<Admission> {
        let per_address_overrides = BTreeMap::from([(address(9), 1)]);
        Admission::new(AdmissionLimits { connections, per_address, per_address_overrides })
    }

    #[test]
    fn a_closed_connection_makes_room_for_another() {
        let admission = admission(2, 9);
        let first = admission.admit(address(1)).unwrap();
        let _second = admission.admit(address(1)).unwrap();
        assert_eq!(admission.admit(address(2)).unwrap_err(), Turned::Full);
        assert!(!admission.has_room());
        drop(first);
        assert!(admission.admit(address(2)).is_ok());
    }

    #[test]
    fn one_address_cannot_take_the_place_of_others() {
        let admission = admission(9, 2);
        let _held: Vec<Pass> = (0..2).map(|_| admission.admit(address(1)).unwrap()).collect();
        assert_eq!(admission.admit(address(1)).unwrap_err(), Turned::AddressFull);
        let _other = admission.admit(address(2)).unwrap();
        let _single = admission.admit(address(9)).unwrap();
        assert_eq!(admission.admit(address(9)).unwrap_err(), Turned::AddressFull, "override");
    }
}
