//! Listeners: their names, and where clients are told to go.

use super::config_test::{loaded, refusal};

#[test]
fn a_listener_error_points_at_the_entry_and_the_fault() {
    let cases = [
        (
            "PLAINTEXT://10.0.0.1;9092",
            "a list of NAME://host:port, unlike `PLAINTEXT://10.0.0.1;9092`; a `:` separates host \
             and port, not a `;`",
        ),
        (
            "PLAINTEXT://10.0.0.1",
            "a list of NAME://host:port, unlike `PLAINTEXT://10.0.0.1`; the port is missing",
        ),
        (
            "PLAINTETX://:9092",
            "a listener name out of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL, or one that \
             listener.security.protocol.map lists; `PLAINTETX` is neither (did you mean \
             PLAINTEXT?)",
        ),
        ("localhost:9092", "a list of NAME://host:port, unlike `localhost:9092`"),
        ("PLAINTEXT://:90920", "a port from 0 to 65535, unlike `90920` in `PLAINTEXT://:90920`"),
        (
            "PLAINTEXT://::1:9092",
            "a host name, an IPv4 address or an IPv6 address in brackets, unlike `::1`",
        ),
        ("PLAINTEXT://a:1,PLAINTEXT://b:2", "each listener name once, but PLAINTEXT comes twice"),
        ("", "at least one NAME://host:port"),
    ];
    for (value, valid) in cases {
        let expected = format!("invalid value `{value}` for listeners: valid is {valid}");
        assert_eq!(refusal(&[("listeners", value)]), expected);
    }
}

#[test]
fn listeners_may_have_names_of_their_own() {
    let map = ("listener.security.protocol.map", "INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT");
    let listeners = ("listeners", "INSIDE://[::1]:9092,outside://0.0.0.0:9093");
    let config = loaded(&[map, listeners]).config;
    assert_eq!(config.listeners[0].host, "::1");
    assert_eq!(config.listeners[1].name, "OUTSIDE");
    assert_eq!(config.advertised[1].host, "", "the address by which a client came");
    assert_eq!(
        refusal(&[map, ("listeners", "INSIDE://:9092,OUTSIDE://:9092")]),
        "invalid value `INSIDE://:9092,OUTSIDE://:9092` for listeners: valid is a port of its own \
         for each listener, but INSIDE and OUTSIDE share 9092"
    );
    assert_eq!(
        refusal(&[("listener.security.protocol.map", "INSIDE:PLAIN")]),
        "invalid value `INSIDE:PLAIN` for listener.security.protocol.map: valid is a list of \
         NAME:PROTOCOL with a protocol out of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL, unlike \
         `INSIDE:PLAIN`"
    );
}

#[test]
fn advertised_listeners_must_be_reachable_and_ours() {
    assert_eq!(
        refusal(&[("advertised.listeners", "PLAINTEXT://0.0.0.0:9092")]),
        "invalid value `PLAINTEXT://0.0.0.0:9092` for advertised.listeners: valid is a host that \
         clients can reach; 0.0.0.0 is every address of this machine"
    );
    assert_eq!(
        refusal(&[("advertised.listeners", "SSL://h:9093")]),
        "invalid value `SSL://h:9093` for advertised.listeners: valid is the names in listeners; \
         SSL is not one of them"
    );
}
