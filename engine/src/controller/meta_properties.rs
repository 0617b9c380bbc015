//! `meta.properties`: whose log dir this is. Pure; the format is Kafka's, version 1.
//!
//! ```text
//! cluster.id=4L6g3nShT-eMCtK--X86sw      directory.id=JEXY6aqzQY-32P5TStzaFg
//! node.id=1    version=1                 corelog.metadata=true
//! ```
//!
//! The last line is Corelog's: the metadata log of this node is Corelog's, so it must be there, and
//! what Apache Kafka left beside it does not count any more. Kafka reads over it.

use thiserror::Error;
use uuid::Uuid;

use crate::metadata::{NodeId, parse_uuid, uuid_text};

/// The name of the file in a log dir.
pub const META_PROPERTIES: &str = "meta.properties";

const OURS: &str = "corelog.metadata";

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaProperties {
    /// The cluster.
    pub cluster_id: String,
    /// The node.
    pub node_id: NodeId,
    /// The log dir; Kafka before 3.7 gave it none.
    pub directory_id: Option<Uuid>,
    /// The metadata of this node stand in Corelog's log.
    pub ours: bool,
}

/// Why the file is not understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadMetaProperties {
    /// Not a properties file.
    #[error("it is no properties file: {0}")]
    Syntax(String),
    /// Kafka with ZooKeeper wrote it, or a version that is not known.
    #[error("version {0} is not supported; version 1 is what Kafka without ZooKeeper writes")]
    Version(String),
    /// No version: zeroed, cut off, or never one of these files.
    #[error("it is damaged: no version was found in it")]
    Damaged,
    /// A line is missing.
    #[error("{0} was not found")]
    Missing(&'static str),
    /// A value makes no sense.
    #[error("unable to read {key} from `{value}`")]
    Value {
        /// The key.
        key: &'static str,
        /// What stands there.
        value: String,
    },
}

impl MetaProperties {
    /// Reads the content of the file; unknown keys are read over.
    ///
    /// # Errors
    /// See [`BadMetaProperties`].
    pub fn parse(content: &[u8]) -> Result<MetaProperties, BadMetaProperties> {
        let (mut version, mut cluster, mut node) = (None, None, None);
        let (mut directory, mut ours) = (None, None);
        let read = java_properties::PropertiesIter::new(content).read_into(|key, value| match key
            .as_str()
        {
            "version" => version = Some(value),
            "cluster.id" => cluster = Some(value),
            "node.id" => node = Some(value),
            "directory.id" => directory = Some(value),
            OURS => ours = Some(value),
            _ => {}
        });
        read.map_err(|error| BadMetaProperties::Syntax(error.to_string()))?;
        let version = version.ok_or(BadMetaProperties::Damaged)?;
        if version.trim() != "1" {
            return Err(BadMetaProperties::Version(version));
        }
        let node = node.ok_or(BadMetaProperties::Missing("node.id"))?;
        let node_id = node.trim().parse().ok().filter(|id: &NodeId| *id >= 0);
        let cluster_id = cluster.filter(|id| !id.is_empty());
        Ok(MetaProperties {
            cluster_id: cluster_id.ok_or(BadMetaProperties::Missing("cluster.id"))?,
            node_id: node_id.ok_or(BadMetaProperties::Value { key: "node.id", value: node })?,
            directory_id: directory.map(directory_id).transpose()?,
            ours: ours.as_deref() == Some("true"),
        })
    }

    /// The content of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut content = b"#\n".to_vec();
        let mut writer = java_properties::PropertiesWriter::new(&mut content);
        let entries = self.entries();
        // Into memory, in ASCII: nothing of it can fail.
        let written = entries.iter().try_for_each(|(key, value)| writer.write(key, value));
        let finished = written.and_then(|()| writer.finish());
        debug_assert!(finished.is_ok(), "{finished:?}");
        drop(writer);
        content
    }

    /// Keys and values, by key.
    pub fn entries(&self) -> Vec<(&'static str, String)> {
        let mut entries = vec![("cluster.id", self.cluster_id.clone())];
        if self.ours {
            entries.push((OURS, "true".to_string()));
        }
        entries.extend(self.directory_id.map(|id| ("directory.id", uuid_text(id))));
        entries.push(("node.id", self.node_id.to_string()));
        entries.push(("version", "1".to_string()));
        entries
    }
}

fn directory_id(text: String) -> Result<Uuid, BadMetaProperties> {
    // Below 100: ids that Kafka reserves for "unassigned", "lost" and the like.
    let id = parse_uuid(text.trim()).ok().filter(|id| id.as_u128() >= 100);
    id.ok_or(BadMetaProperties::Value { key: "directory.id", value: text })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BY_KAFKA: &str = "#\n#Sat Nov 21 06:24:11 UTC 2026\nnode.id=1\n\
        directory.id=PrDuGrGJ-RP4l9xSFHQqfQ\nversion=1\ncluster.id=4L6g3nShT-eMCtK--X86sw\n";

    #[test]
    fn a_file_of_kafka_is_read() {
        let meta = MetaProperties::parse(BY_KAFKA.as_bytes()).unwrap();
        assert_eq!(meta.cluster_id, "4L6g3nShT-eMCtK--X86sw");
        assert_eq!((meta.node_id, meta.ours), (1, false));
        assert_eq!(uuid_text(meta.directory_id.unwrap()), "PrDuGrGJ-RP4l9xSFHQqfQ");
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (cluster, directory, ours) in [("a b=c:d#e\\", None, false), ("x", Some(400), true)] {
            let meta = MetaProperties {
                cluster_id: cluster.to_string(),
                node_id: i32::MAX,
                directory_id: directory.map(Uuid::from_u128),
                ours,
            };
            assert_eq!(MetaProperties::parse(&meta.to_bytes()), Ok(meta));
        }
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let told = |from: &str, to: &str| {
            let changed = BY_KAFKA.replace(from, to);
            MetaProperties::parse(changed.as_bytes()).unwrap_err().to_string()
        };
        assert!(told("version=1", "version=0").starts_with("version 0 is not supported"));
        assert_eq!(told("version=1", ""), "it is damaged: no version was found in it");
        for damaged in [&[0_u8; 90][..], b"", b"#\n"] {
            assert_eq!(MetaProperties::parse(damaged), Err(BadMetaProperties::Damaged));
        }
        assert_eq!(told("node.id=1", ""), "node.id was not found");
        assert_eq!(told("node.id=1", "node.id=-1"), "unable to read node.id from `-1`");
        assert_eq!(told("cluster.id", "c"), "cluster.id was not found");
        let reserved = told("PrDuGrGJ-RP4l9xSFHQqfQ", "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(reserved, "unable to read directory.id from `AAAAAAAAAAAAAAAAAAAAAA`");
    }
}
