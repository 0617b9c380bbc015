//! Keys of the time when Kafka needed ZooKeeper. Known only to be explained.

const OLD_KEYS: &[&str] = &[
    "broker.id.generation.enable",
    "control.plane.listener.name",
    "inter.broker.protocol.version",
    "reserved.broker.max.id",
    "password.encoder.secret",
    "password.encoder.old.secret",
    "password.encoder.keyfactory.algorithm",
    "password.encoder.cipher.algorithm",
    "password.encoder.key.length",
    "password.encoder.iterations",
    "leader.imbalance.per.broker.percentage",
    "log.message.format.version",
    "log.message.downconversion.enable",
    "log.message.timestamp.difference.max.ms",
    "host.name",
    "port",
    "advertised.host.name",
    "advertised.port",
];

/// What to say about a key that went away with ZooKeeper or with Kafka 4.0; `None` if it did not.
pub fn removed(name: &str) -> Option<String> {
    if name.starts_with("zookeeper.") {
        return Some(format!(
            "{name} is ignored: there is no ZooKeeper here, the controller runs inside the broker \
             (process.roles=broker,controller)"
        ));
    }
    OLD_KEYS.contains(&name).then(|| {
        let instead = match name {
            "host.name" | "port" => "; use listeners",
            "advertised.host.name" | "advertised.port" => "; use advertised.listeners",
            "log.message.timestamp.difference.max.ms" => {
                "; use log.message.timestamp.before.max.ms and log.message.timestamp.after.max.ms"
            }
            _ => "",
        };
        format!("{name} is ignored: Kafka 4.0 removed it{instead}")
    })
}
