//! SASL and delegation tokens: not built yet; a listener that needs them is refused.
//! Plain rows; what they mean for the program is decided in `broker.rs` and `topic.rs`.

use crate::config::key::Key;
use crate::config::key::Kind::{Class, Int, Password, Text};
use crate::config::key::Rule::{Any, AtLeast, Between, OneOfAnyCase};
use crate::config::key::{boolean, class, double, int, list, long, short, text, unset};

/// The keys of this group.
pub const KEYS: &[Key] = &[
    list("sasl.enabled.mechanisms", "GSSAPI", Any, "SASL mechanisms that clients may use.").live(),
    text("sasl.mechanism.inter.broker.protocol", "GSSAPI", Any, "SASL mechanism between brokers.")
        .live(),
    text(
        "sasl.mechanism.controller.protocol",
        "GSSAPI",
        Any,
        "SASL mechanism between brokers and controllers.",
    ),
    unset(Password, "sasl.jaas.config", Any, "Login settings, in the form of JAAS.").live(),
    int("sasl.server.max.receive.size", "524288", Any, "Largest request before authentication."),
    long(
        "connections.max.reauth.ms",
        "0",
        Any,
        "A SASL session must authenticate again after this long, 0 for never.",
    ),
    unset(Class, "sasl.server.callback.handler.class", Any, "Java class that checks credentials.")
        .meaningless("Java classes cannot be loaded"),
    unset(
        Class,
        "sasl.client.callback.handler.class",
        Any,
        "Java class that supplies credentials.",
    )
    .meaningless("Java classes cannot be loaded"),
    unset(Class, "sasl.login.class", Any, "Java class that logs in.")
        .meaningless("Java classes cannot be loaded"),
    unset(
        Class,
        "sasl.login.callback.handler.class",
        Any,
        "Java class that supplies login credentials.",
    )
    .meaningless("Java classes cannot be loaded"),
    unset(Text, "sasl.kerberos.service.name", Any, "Kerberos service this broker runs as.").live(),
    list(
        "sasl.kerberos.principal.to.local.rules",
        "DEFAULT",
        Any,
        "How a Kerberos name becomes a principal.",
    )
    .live(),
    text("sasl.kerberos.kinit.cmd", "/usr/bin/kinit", Any, "Path of kinit.").live(),
    double(
        "sasl.kerberos.ticket.renew.window.factor",
        "0.8",
        Any,
        "Part of a ticket's life after which it is renewed.",
    )
    .live(),
    double("sasl.kerberos.ticket.renew.jitter", "0.05", Any, "Random part of that time.").live(),
    long(
        "sasl.kerberos.min.time.before.relogin",
        "60000",
        Any,
        "Shortest time between two logins.",
    )
    .live(),
    double(
        "sasl.login.refresh.window.factor",
        "0.8",
        Any,
        "Part of a credential's life after which it is renewed.",
    )
    .live(),
    double("sasl.login.refresh.window.jitter", "0.05", Any, "Random part of that time.").live(),
    short(
        "sasl.login.refresh.min.period.seconds",
        "60",
        Any,
        "Shortest time between two renewals.",
    )
    .live(),
    short(
        "sasl.login.refresh.buffer.seconds",
        "300",
        Any,
        "Time before expiry at which a credential is renewed.",
    )
    .live(),
    unset(Int, "sasl.login.connect.timeout.ms", Any, "Longest wait to reach the token provider."),
    unset(Int, "sasl.login.read.timeout.ms", Any, "Longest wait for the token provider's answer."),
    long(
        "sasl.login.retry.backoff.max.ms",
        "10000",
        Any,
        "Longest wait between two attempts to log in.",
    ),
    long("sasl.login.retry.backoff.ms", "100", Any, "First wait between two attempts to log in."),
    class(
        "sasl.oauthbearer.jwt.retriever.class",
        "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever",
        Any,
        "Java class that fetches tokens.",
    )
    .meaningless("Java classes cannot be loaded"),
    class(
        "sasl.oauthbearer.jwt.validator.class",
        "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator",
        Any,
        "Java class that checks tokens.",
    )
    .meaningless("Java classes cannot be loaded"),
    unset(Text, "sasl.oauthbearer.scope", Any, "Scope to ask for."),
    unset(
        Text,
        "sasl.oauthbearer.client.credentials.client.id",
        Any,
        "Client id for the token provider.",
    ),
    unset(
        Password,
        "sasl.oauthbearer.client.credentials.client.secret",
        Any,
        "Client secret for the token provider.",
    ),
    text(
        "sasl.oauthbearer.assertion.algorithm",
        "RS256",
        OneOfAnyCase(&["es256", "rs256"]),
        "Algorithm that signs assertions.",
    ),
    unset(Text, "sasl.oauthbearer.assertion.claim.aud", Any, "Audience claim of assertions."),
    int(
        "sasl.oauthbearer.assertion.claim.exp.seconds",
        "300",
        Between(0, 86400),
        "Life of assertions.",
    ),
    unset(Text, "sasl.oauthbearer.assertion.claim.iss", Any, "Issuer claim of assertions."),
    boolean("sasl.oauthbearer.assertion.claim.jti.include", "false", "Give each assertion an id."),
    int(
        "sasl.oauthbearer.assertion.claim.nbf.seconds",
        "60",
        Between(0, 3600),
        "How far before now assertions begin to hold.",
    ),
    unset(Text, "sasl.oauthbearer.assertion.claim.sub", Any, "Subject claim of assertions."),
    unset(Text, "sasl.oauthbearer.assertion.file", Any, "File with a ready-made assertion."),
    unset(Text, "sasl.oauthbearer.assertion.private.key.file", Any, "Key that signs assertions."),
    unset(
        Password,
        "sasl.oauthbearer.assertion.private.key.passphrase",
        Any,
        "Passphrase of that key.",
    ),
    unset(
        Text,
        "sasl.oauthbearer.assertion.template.file",
        Any,
        "File with further claims of assertions.",
    ),
    text("sasl.oauthbearer.scope.claim.name", "scope", Any, "Claim that holds the scope."),
    text("sasl.oauthbearer.sub.claim.name", "sub", Any, "Claim that holds the subject."),
    unset(Text, "sasl.oauthbearer.token.endpoint.url", Any, "Where tokens are fetched."),
    unset(Text, "sasl.oauthbearer.jwks.endpoint.url", Any, "Where signing keys are fetched."),
    long(
        "sasl.oauthbearer.jwks.endpoint.refresh.ms",
        "3600000",
        Any,
        "How often signing keys are fetched.",
    ),
    long(
        "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms",
        "100",
        Any,
        "First wait between two attempts to fetch them.",
    ),
    long(
        "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms",
        "10000",
        Any,
        "Longest wait between two attempts to fetch them.",
    ),
    int("sasl.oauthbearer.clock.skew.seconds", "30", Any, "Clock difference that is forgiven."),
    list("sasl.oauthbearer.expected.audience", "", Any, "Audiences a token may name."),
    unset(Text, "sasl.oauthbearer.expected.issuer", Any, "Issuer a token must name."),
    unset(Password, "delegation.token.secret.key", Any, "Secret that signs delegation tokens."),
    long(
        "delegation.token.max.lifetime.ms",
        "604800000",
        AtLeast(1),
        "Longest life of a delegation token.",
    ),
    long(
        "delegation.token.expiry.time.ms",
        "86400000",
        AtLeast(1),
        "Life of a delegation token before it must be renewed.",
    ),
    long(
        "delegation.token.expiry.check.interval.ms",
        "3600000",
        AtLeast(1),
        "How often expired tokens are removed.",
    ),
];
