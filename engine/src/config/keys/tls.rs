//! TLS and principals: not built yet; a listener that needs them is refused.
//! Plain rows; what they mean for the program is decided in `broker.rs` and `topic.rs`.

use crate::config::key::Key;
use crate::config::key::Kind::{Class, Password, Text};
use crate::config::key::Rule::{Any, OneOf};
use crate::config::key::{boolean, class, list, text, unset};

/// The keys of this group.
pub const KEYS: &[Key] = &[
    text(
        "authorizer.class.name",
        "",
        Any,
        "Who decides what clients may do; empty lets everyone do everything.",
    )
    .refused(),
    unset(Text, "super.users", Any, "Principals that may do everything, separated by semicolons."),
    boolean(
        "allow.everyone.if.no.acl.found",
        "false",
        "Let everyone use what no access rule mentions.",
    ),
    class(
        "principal.builder.class",
        "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder",
        Any,
        "Java class that names the client of a connection.",
    )
    .meaningless("Java classes cannot be loaded")
    .live(),
    unset(Text, "security.providers", Any, "Java classes that provide security algorithms.")
        .meaningless("Java classes cannot be loaded"),
    text(
        "ssl.client.auth",
        "none",
        OneOf(&["required", "requested", "none"]),
        "Whether clients must show a certificate.",
    )
    .live(),
    text(
        "ssl.principal.mapping.rules",
        "DEFAULT",
        Any,
        "How a certificate's name becomes a principal.",
    ),
    boolean("ssl.allow.dn.changes", "false", "Let a new certificate carry another name."),
    boolean(
        "ssl.allow.san.changes",
        "false",
        "Let a new certificate carry other alternative names.",
    ),
    text("ssl.protocol", "TLSv1.3", Any, "TLS version to ask for.").live(),
    unset(Text, "ssl.provider", Any, "Java security provider.")
        .meaningless("Java classes cannot be loaded")
        .live(),
    list("ssl.enabled.protocols", "TLSv1.2,TLSv1.3", Any, "TLS versions that are accepted.").live(),
    text("ssl.keystore.type", "JKS", Any, "Format of the key store.").live(),
    unset(Text, "ssl.keystore.location", Any, "File with this broker's key and certificate.")
        .live(),
    unset(Password, "ssl.keystore.password", Any, "Password of the key store.").live(),
    unset(Password, "ssl.key.password", Any, "Password of the private key.").live(),
    unset(Password, "ssl.keystore.key", Any, "The private key itself, in PEM.").live(),
    unset(Password, "ssl.keystore.certificate.chain", Any, "The certificate chain itself, in PEM.")
        .live(),
    text("ssl.truststore.type", "JKS", Any, "Format of the trust store.").live(),
    unset(Text, "ssl.truststore.location", Any, "File with the certificates that are trusted.")
        .live(),
    unset(Password, "ssl.truststore.password", Any, "Password of the trust store.").live(),
    unset(
        Password,
        "ssl.truststore.certificates",
        Any,
        "The trusted certificates themselves, in PEM.",
    )
    .live(),
    text("ssl.keymanager.algorithm", "SunX509", Any, "Java key manager.")
        .meaningless("Java classes cannot be loaded")
        .live(),
    text("ssl.trustmanager.algorithm", "PKIX", Any, "Java trust manager.")
        .meaningless("Java classes cannot be loaded")
        .live(),
    text(
        "ssl.endpoint.identification.algorithm",
        "https",
        Any,
        "How a peer's host name is compared with its certificate.",
    )
    .live(),
    unset(Text, "ssl.secure.random.implementation", Any, "Java source of randomness.")
        .meaningless("Java classes cannot be loaded")
        .live(),
    list("ssl.cipher.suites", "", Any, "Cipher suites that are accepted; empty for the defaults.")
        .live(),
    unset(Class, "ssl.engine.factory.class", Any, "Java class that makes TLS engines.")
        .meaningless("Java classes cannot be loaded")
        .live(),
];
