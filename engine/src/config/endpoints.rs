//! Which listeners are for clients, which for controllers, and what clients are told.
//!
//! Pure; `listener.rs` reads the single entries.

use super::check::items;
use super::error::ConfigError;
use super::listener::{self, Endpoint, ProtocolMap, SecurityProtocol};
use super::values::Values;

/// The listeners of a broker, sorted by whom they are for.
pub struct Listeners {
    /// For clients.
    pub clients: Vec<Endpoint>,
    /// For controllers.
    pub controllers: Vec<Endpoint>,
    /// What clients are told.
    pub advertised: Vec<Endpoint>,
}

/// Reads the four keys about listeners.
///
/// # Errors
/// A [`ConfigError`] that says which entry is wrong, or that a protocol is not built yet.
pub fn listeners(values: &Values<'_>) -> Result<Listeners, ConfigError> {
    let controllers: Vec<String> =
        items(values.text("controller.listener.names")).map(str::to_uppercase).collect();
    let map_key = "listener.security.protocol.map";
    let map = ProtocolMap::parse(map_key, values.text(map_key), &controllers)?;
    let parse = |name: &str| listener::parse(name, values.text(name), &map);
    let all = parse("listeners")?;
    listener::distinct_ports("listeners", values.text("listeners"), &all)?;
    let (controllers, clients): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|endpoint| controllers.contains(&endpoint.name));
    if clients.is_empty() {
        return Err(values.invalid("listeners", "at least one listener that is for clients"));
    }
    if clients.iter().any(|endpoint| endpoint.protocol != SecurityProtocol::Plaintext) {
        let valid = "listeners for clients whose security protocol is PLAINTEXT";
        return Err(values.not_built("listeners", valid));
    }
    let advertised = match values.given.get("advertised.listeners") {
        Some(text) if !text.is_empty() => {
            let given = parse("advertised.listeners")?;
            advertised(values, given, &clients, &controllers)?
        }
        Some(_) | None => clients.iter().cloned().map(reached_by).collect(),
    };
    Ok(Listeners { clients, controllers, advertised })
}

/// Every address of this machine is no address for a client: advertise the one it came by.
fn reached_by(mut endpoint: Endpoint) -> Endpoint {
    if listener::is_any(&endpoint) {
        endpoint.host.clear();
    }
    endpoint
}

fn advertised(
    values: &Values<'_>,
    given: Vec<Endpoint>,
    clients: &[Endpoint],
    controllers: &[Endpoint],
) -> Result<Vec<Endpoint>, ConfigError> {
    let name = "advertised.listeners";
    let has = |list: &[Endpoint], endpoint: &Endpoint| list.iter().any(|l| l.name == endpoint.name);
    let mut kept = Vec::new();
    for endpoint in given {
        if has(controllers, &endpoint) {
            continue;
        }
        if !has(clients, &endpoint) {
            let valid = format!("the names in listeners; {} is not one of them", endpoint.name);
            return Err(values.invalid(name, &valid));
        }
        if matches!(endpoint.host.as_str(), "0.0.0.0" | "::") {
            let valid = format!(
                "a host that clients can reach; {} is every address of this machine",
                endpoint.host
            );
            return Err(values.invalid(name, &valid));
        }
        kept.push(endpoint);
    }
    if kept.is_empty() {
        return Err(values.invalid(name, "at least one listener that is for clients"));
    }
    Ok(kept)
}
