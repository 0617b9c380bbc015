//! Where metrics and health are served: `corelog.http.listener`.
//!
//! Pure. Whether anybody else listens there is found out by who binds it.

use super::error::ConfigError;
use super::values::Values;

/// The port when none is given: the one that is usual for a broker's metrics.
const PORT: u16 = 9644;

/// An address for HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpListener {
    /// As written, without the brackets of IPv6. Empty: every address.
    pub host: String,
    /// 0 lets the system choose.
    pub port: u16,
    /// The operator asked for it: without it the broker does not start.
    pub is_required: bool,
}

/// Reads the key; `None` when it is switched off.
///
/// # Errors
/// [`ConfigError::Invalid`] for what is not host:port.
pub fn http_listener(values: &Values<'_>) -> Result<Option<HttpListener>, ConfigError> {
    const NAME: &str = "corelog.http.listener";
    let Some(text) = values.given.get(NAME) else {
        return Ok(Some(HttpListener { host: String::new(), port: PORT, is_required: false }));
    };
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let Some((host, port)) = parsed.filter(|(host, _)| is_host(host)) else {
        return Err(values.invalid(NAME, "host:port, such as 127.0.0.1:9644 or :9644, or empty"));
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_string();
    Ok(Some(HttpListener { host, port, is_required: true }))
}

/// A name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    let in_brackets = host.starts_with('[') && host.ends_with(']');
    in_brackets || !host.contains([':', '/', '[', ']', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Given;

    fn read(text: &str) -> Result<Option<HttpListener>, ConfigError> {
        let mut given = Given::default();
        given.put(&format!("corelog.http.listener={text}")).unwrap();
        http_listener(&Values { given: &given })
    }

    fn at(host: &str, port: u16) -> Option<HttpListener> {
        Some(HttpListener { host: host.to_string(), port, is_required: true })
    }

    #[test]
    fn an_address_is_read_and_what_is_none_is_refused_by_name() {
        assert_eq!(read("127.0.0.1:9000").unwrap(), at("127.0.0.1", 9000));
        assert_eq!(read("[::1]:0").unwrap(), at("::1", 0));
        assert_eq!(read(":9644").unwrap(), at("", 9644));
        assert_eq!(read("").unwrap(), None);
        for wrong in ["9644", "host", "host:port", "host:70000", "::1:9644", "http://host:1"] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains("corelog.http.listener") && error.contains(wrong), "{error}");
        }
    }

    #[test]
    fn not_given_is_the_usual_port_and_no_reason_not_to_start() {
        let given = Given::default();
        let listener = http_listener(&Values { given: &given }).unwrap().unwrap();
        assert_eq!((listener.port, listener.is_required), (9644, false));
    }
}
