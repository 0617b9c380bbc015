//! The client against a broker that says what the test wants it to say.

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{
    ApiVersionsResponse, BrokerId, MetadataResponse, ProduceResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Cluster, Outgoing, Producer};
use crate::wire::{ApiKey, FrameSplitter, RequestHeader, response_frame};
use corelog_engine::record::Codec;

/// What a broker answers to a request, as a whole frame; `None` closes the connection.
type Script = fn(&RequestHeader, count: usize, port: u16) -> Option<Bytes>;

/// Runs `client` against brokers that follow `script`; `count` counts requests of a connection.
fn with_broker<F: Future<Output = ()>>(script: Script, client: impl FnOnce(String) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let broker = tokio::spawn(accept(listener, script, port));
        client(format!("127.0.0.1:{port}")).await;
        broker.abort();
    });
}

async fn accept(listener: TcpListener, script: Script, port: u16) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        tokio::spawn(answer(socket, script, port));
    }
}

async fn answer(mut socket: TcpStream, script: Script, port: u16) {
    let splitter = FrameSplitter::new(1 << 20);
    let mut arrived = BytesMut::new();
    let mut count = 0;
    while socket.read_buf(&mut arrived).await.unwrap() > 0 {
        while let Some(mut frame) = splitter.split(&mut arrived).unwrap() {
            let header = RequestHeader::split(&mut frame).unwrap();
            let Some(answer) = script(&header, count, port) else { return };
            socket.write_all(&answer).await.unwrap();
            count += 1;
        }
    }
}

fn versions(header: &RequestHeader) -> Bytes {
    let apis = ApiKey::all().map(|key| {
        ApiVersion::default()
            .with_api_key(key.code())
            .with_min_version(*key.versions().start())
            .with_max_version(*key.versions().end())
    });
    let body = ApiVersionsResponse::default().with_api_keys(apis.collect());
    response_frame(header, &body).unwrap().freeze()
}

/// One broker, which leads the one partition of topic `t`.
fn metadata(header: &RequestHeader, port: u16) -> Bytes {
    let broker = MetadataResponseBroker::default()
        .with_node_id(BrokerId(1))
        .with_host(StrBytes::from_static_str("127.0.0.1"))
        .with_port(i32::from(port));
    let partition = MetadataResponsePartition::default().with_leader_id(BrokerId(1));
    let topic = MetadataResponseTopic::default()
        .with_name(Some(TopicName(StrBytes::from_static_str("t"))))
        .with_partitions(vec![partition]);
    let body = MetadataResponse::default().with_brokers(vec![broker]).with_topics(vec![topic]);
    response_frame(header, &body).unwrap().freeze()
}

/// The reason why no connection comes to be.
fn no_connection(script: Script) -> String {
    let mut reason = String::new();
    let heard = &mut reason;
    with_broker(script, |address| async move {
        *heard = match Cluster::connect(&address).await {
            Err(error) => error.to_string().replace(&address, "BROKER"),
            Ok(_) => "connected".to_owned(),
        };
    });
    reason
}

#[test]
fn a_broker_that_knows_only_version_0_of_api_versions_is_asked_again() {
    let reason = no_connection(|header, count, _| match (header.version, count) {
        (3, 0) => {
            let mut frame = BytesMut::new();
            frame.put_i32(10);
            frame.put_i32(header.correlation_id);
            frame.put_i16(35);
            frame.put_i32(0);
            Some(frame.freeze())
        }
        (0, 1) => Some(versions(header)),
        _ => None,
    });
    assert_eq!(reason, "connected");
}

#[test]
fn nonsense_is_named_and_takes_no_memory() {
    let reason = no_connection(|_, _, _| Some(Bytes::from_static(&[0x7f, 0xff, 0xff, 0xff])));
    assert_eq!(reason, "answer of BROKER to ApiVersions cannot be read: its length is nonsense");
    let reason = no_connection(|_, _, _| Some(Bytes::from_static(&[0, 0, 0, 4, 9, 9, 9, 9])));
    assert!(reason.ends_with("it belongs to another request"), "{reason}");
    let reason = no_connection(|header, _, _| {
        let mut frame = versions(header).to_vec();
        let length = frame.len() - 8;
        frame.truncate(length);
        frame[..4].copy_from_slice(&(length as u32 - 4).to_be_bytes());
        Some(frame.into())
    });
    assert!(reason.contains("cannot be read: the frame ends before"), "{reason}");
}

#[test]
fn a_connection_that_closes_is_said() {
    let reason = no_connection(|_, _, _| None);
    assert!(reason.starts_with("connection to BROKER broke: "), "{reason}");
    let reason = no_connection(|header, _, _| {
        let body = ApiVersionsResponse::default();
        Some(response_frame(header, &body).unwrap().freeze())
    });
    assert_eq!(reason, "connected", "what it serves is only asked when it is needed");
}

#[test]
fn a_batch_is_sent_again_when_the_leader_was_another_and_not_when_it_was_refused() {
    fn script(header: &RequestHeader, count: usize, port: u16) -> Option<Bytes> {
        match header.api_key {
            ApiKey::ApiVersions => Some(versions(header)),
            ApiKey::Metadata => Some(metadata(header, port)),
            ApiKey::Produce => {
                let partition = PartitionProduceResponse::default()
                    .with_error_code([6, 0, 87][count - 1])
                    .with_base_offset(77);
                let topic =
                    TopicProduceResponse::default().with_partition_responses(vec![partition]);
                let body = ProduceResponse::default().with_responses(vec![topic]);
                Some(response_frame(header, &body).unwrap().freeze())
            }
            _ => None,
        }
    }
    with_broker(script, |address| async move {
        let cluster = Cluster::connect(&address).await.unwrap();
        let mut producer = Producer::open(cluster, "t", -1, Codec::None).await.unwrap();
        let records = [Outgoing { key: None, value: Some(b"v".to_vec()), timestamp: 1 }];
        assert_eq!(producer.send(0, &records).await.unwrap(), 77);
        let error = producer.send(0, &records).await.unwrap_err();
        assert_eq!(error.to_string(), "cannot produce to partition 0 of topic 't': INVALID_RECORD");
        let error = producer.send(1, &records).await.unwrap_err();
        assert_eq!(error.to_string(), "partition 1 of topic 't' does not exist: it has 1");
    });
}

#[test]
fn an_address_is_a_host_and_perhaps_a_port() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for given in ["host:port", ":9092", "host:99999", ""] {
        let error = runtime.block_on(Cluster::connect(given)).err().unwrap();
        assert_eq!(error.to_string(), format!("invalid address `{given}`: valid is host:port"));
    }
}
