//! Reading and refusing workloads.

use super::*;

fn read(text: &str, overrides: &[&str]) -> Result<Workload, WorkloadError> {
    let overrides: Vec<String> = overrides.iter().map(|one| (*one).to_owned()).collect();
    Workload::read("test", text, &overrides)
}

fn complaint(text: &str, overrides: &[&str]) -> String {
    read(text, overrides).unwrap_err().to_string()
}

#[test]
fn overrides_win_over_the_file_and_the_file_over_defaults() {
    // acks is text, and 1 is read as a number.
    assert!(complaint("", &["acks=1"]).contains("acks"));
    let workload = read(
        "rate = 1000\nrecord_bytes = 100",
        &["rate=5", "topic=other", "configs.flush.messages=1", "cpus=[1]", "acks=\"1\""],
    )
    .unwrap();
    assert_eq!((workload.rate, workload.record_bytes, workload.partitions), (5.0, 100, 16));
    assert_eq!((workload.topic.as_str(), workload.cpus.as_slice()), ("other", &[1][..]));
    assert_eq!(workload.configs["flush.messages"], "1");
    assert_eq!(workload.acks_code(), 1);
}

#[test]
fn what_is_out_of_range_is_named_with_what_is_valid() {
    let error = complaint("record_bytes = 4", &[]);
    assert!(error.starts_with("record_bytes = 4: valid is 8 to 10485760."), "{error}");
    assert!(error.contains("stamp"), "{error}");
    assert!(complaint("", &["random_share=1.5"]).contains("valid is 0 to 1"));
    assert!(complaint("seconds = 0", &[]).contains("valid is 1 to"));
}

#[test]
fn what_nobody_knows_is_refused_with_its_line() {
    let error = complaint("rate = 1\nretries = 3", &[]);
    assert!(error.contains("line 2") && error.contains("retries"), "{error}");
    assert!(complaint("acks = \"0\"", &[]).contains("all"));
    assert!(complaint("", &["rate"]).contains("field=value"));
    assert!(complaint("rate = \"fast\"", &[]).contains("line 1"));
}

#[test]
fn fields_that_do_not_go_together_are_refused() {
    assert!(complaint("partitions = 2\nbatches_per_request = 3", &[]).contains("more than"));
    assert!(complaint("groups = 1\ncompression = \"zstd\"", &[]).contains("stamp"));
}

#[test]
fn every_field_is_described_and_every_description_has_its_field() {
    let table = toml::Table::try_from(Workload::default()).unwrap();
    for name in table.keys() {
        assert!(FIELDS.iter().any(|field| field.name == name), "{name} is not described");
    }
    for field in FIELDS {
        assert!(table.contains_key(field.name), "{} is no field", field.name);
    }
}
