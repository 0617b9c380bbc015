//! `listeners`, `advertised.listeners` and the protocols behind their names.
//!
//! Texts in, endpoints or a precise complaint out. Resolves no host name and opens no socket.

use super::check::items;
use super::error::ConfigError;
use super::keys::nearest;

/// What is spoken below the Kafka protocol on a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityProtocol {
    /// Neither encrypted nor authenticated.
    Plaintext,
    /// TLS.
    Ssl,
    /// SASL without encryption.
    SaslPlaintext,
    /// SASL over TLS.
    SaslSsl,
}

const PROTOCOLS: &[(&str, SecurityProtocol)] = &[
    ("PLAINTEXT", SecurityProtocol::Plaintext),
    ("SSL", SecurityProtocol::Ssl),
    ("SASL_PLAINTEXT", SecurityProtocol::SaslPlaintext),
    ("SASL_SSL", SecurityProtocol::SaslSsl),
];

impl SecurityProtocol {
    /// Kafka's number of it, as registrations carry it.
    pub fn code(self) -> i16 {
        match self {
            SecurityProtocol::Plaintext => 0,
            SecurityProtocol::Ssl => 1,
            SecurityProtocol::SaslPlaintext => 2,
            SecurityProtocol::SaslSsl => 3,
        }
    }

    fn named(name: &str) -> Option<SecurityProtocol> {
        PROTOCOLS.iter().find(|(known, _)| *known == name).map(|(_, protocol)| *protocol)
    }
}

/// One listener, to bind or to advertise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Name of the listener, in capitals.
    pub name: String,
    /// As written, without the brackets of IPv6. Empty: every address (to bind), or the address by
    /// which a client reached this broker (to advertise).
    pub host: String,
    /// 0 lets the system choose.
    pub port: u16,
    /// What is spoken there.
    pub protocol: SecurityProtocol,
}

/// Which listener name stands for which protocol.
#[derive(Debug, Clone)]
pub struct ProtocolMap(Vec<(String, SecurityProtocol)>);

impl ProtocolMap {
    /// Reads `listener.security.protocol.map`. The four protocols always stand for themselves, and
    /// the controller's listeners for PLAINTEXT unless the map says otherwise.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for an entry that is not NAME:PROTOCOL.
    pub fn parse(key: &str, value: &str, controllers: &[String]) -> Result<Self, ConfigError> {
        let mut entries = Vec::new();
        for item in items(value) {
            let protocol = item.split_once(':').and_then(|(name, protocol)| {
                Some((name.trim().to_uppercase(), SecurityProtocol::named(protocol.trim())?))
            });
            let Some(entry) = protocol.filter(|(name, _)| !name.is_empty()) else {
                let valid = format!(
                    "a list of NAME:PROTOCOL with a protocol out of {}, unlike `{item}`",
                    protocol_names()
                );
                return Err(ConfigError::invalid(key, value, valid));
            };
            entries.push(entry);
        }
        for (name, protocol) in PROTOCOLS {
            entries.push(((*name).to_string(), *protocol));
        }
        for name in controllers {
            entries.push((name.clone(), SecurityProtocol::Plaintext));
        }
        Ok(ProtocolMap(entries))
    }

    fn protocol(&self, name: &str) -> Option<SecurityProtocol> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, protocol)| *protocol)
    }
}

fn protocol_names() -> String {
    PROTOCOLS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// Reads a list of `NAME://host:port`.
///
/// # Errors
/// [`ConfigError::Invalid`] that says which entry is wrong and in what way.
pub fn parse(key: &str, value: &str, map: &ProtocolMap) -> Result<Vec<Endpoint>, ConfigError> {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for item in items(value) {
        let endpoint =
            endpoint(item, map).map_err(|valid| ConfigError::invalid(key, value, valid))?;
        if endpoints.iter().any(|other| other.name == endpoint.name) {
            let valid = format!("each listener name once, but {} comes twice", endpoint.name);
            return Err(ConfigError::invalid(key, value, valid));
        }
        endpoints.push(endpoint);
    }
    if endpoints.is_empty() {
        return Err(ConfigError::invalid(key, value, "at least one NAME://host:port"));
    }
    Ok(endpoints)
}

/// Refuses two listeners on one port, unless their hosts differ.
///
/// # Errors
/// [`ConfigError::Invalid`].
pub fn distinct_ports(key: &str, value: &str, found: &[Endpoint]) -> Result<(), ConfigError> {
    for (place, endpoint) in found.iter().enumerate() {
        let clash = found.iter().take(place).find(|other| {
            other.port == endpoint.port
                && endpoint.port != 0
                && (other.host == endpoint.host || is_any(other) || is_any(endpoint))
        });
        if let Some(other) = clash {
            let valid = format!(
                "a port of its own for each listener, but {} and {} share {}",
                other.name, endpoint.name, endpoint.port
            );
            return Err(ConfigError::invalid(key, value, valid));
        }
    }
    Ok(())
}

/// True if the host stands for every address of this machine.
pub fn is_any(endpoint: &Endpoint) -> bool {
    matches!(endpoint.host.as_str(), "" | "0.0.0.0" | "::")
}

/// One `NAME://host:port`; the error is what would be valid.
fn endpoint(item: &str, map: &ProtocolMap) -> Result<Endpoint, String> {
    let Some((name, address)) = item.split_once("://") else {
        return Err(format!("a list of NAME://host:port, unlike `{item}`"));
    };
    let name = name.trim().to_uppercase();
    let Some(protocol) = map.protocol(&name) else {
        let known = || map.0.iter().map(|(known, _)| known.as_str());
        let hint = nearest(&name, known())
            .map(|meant| format!(" (did you mean {meant}?)"))
            .unwrap_or_default();
        return Err(format!(
            "a listener name out of {}, or one that listener.security.protocol.map lists; \
             `{name}` is neither{hint}",
            protocol_names()
        ));
    };
    let Some((host, port)) = address.rsplit_once(':') else {
        let hint = match address.contains(';') {
            true => "; a `:` separates host and port, not a `;`",
            false => "; the port is missing",
        };
        return Err(format!("a list of NAME://host:port, unlike `{item}`{hint}"));
    };
    let port = port
        .parse::<u16>()
        .map_err(|_| format!("a port from 0 to 65535, unlike `{port}` in `{item}`"))?;
    let host = host_name(host).ok_or_else(|| {
        format!("a host name, an IPv4 address or an IPv6 address in brackets, unlike `{host}`")
    })?;
    Ok(Endpoint { name, host, port, protocol })
}

fn host_name(host: &str) -> Option<String> {
    if let Some(inner) = host.strip_prefix('[') {
        let address = inner.strip_suffix(']')?;
        let plain = address.split('%').next()?;
        return plain.parse::<core::net::Ipv6Addr>().ok().map(|_| address.to_string());
    }
    let plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    plain.then(|| host.to_string())
}
