//! The cost model by hand: the illustration of the model, and every bound in turn.

use super::*;
use crate::limits::figures::Primitive;

/// Receiving 5 GB/s, checksum 30, page cache 3, writing back 6, direct 50: made up but plausible.
fn costs() -> Costs {
    let at = |gb_per_second: f64| 1.0 / (gb_per_second * GB);
    Costs {
        receive: at(5.0),
        send: at(10.0),
        sendfile: at(8.0),
        checksum: at(30.0),
        cached_append: at(3.0) + at(6.0),
        direct_append: at(50.0),
        device: 100.0 * GB,
        sync: 150e-6,
        round_trip: 20e-6,
        request: 0.0,
    }
}

fn shapes() -> Shapes {
    let of = |bytes: f64| Shape { wire_bytes: bytes, value_bytes: bytes };
    Shapes {
        bulk: of(65_536.0),
        lone: of(1_000.0),
        collected: of(16_384.0),
        fetch: Shape { wire_bytes: 1_000.0, value_bytes: 900.0 },
    }
}

fn allowed(costs: &Costs, cores: f64, figure: &str) -> (f64, &'static str) {
    let all = costs.allow(&shapes(), cores);
    let found = all.iter().find(|one| one.figure == figure).unwrap();
    (found.value, found.by)
}

fn near(found: f64, wanted: f64) {
    assert!((found / wanted - 1.0).abs() < 1e-3, "{found}, not {wanted}");
}

#[test]
fn the_illustration_comes_out() {
    // 0.2 + 0.0333 + 0.5 = 0.7333 s/GB by way of the page cache, 0.2533 s/GB past it.
    near(allowed(&costs(), 1.0, "half load CPU s/GB, buffered").0, 0.7333);
    near(allowed(&costs(), 1.0, "half load CPU s/GB, direct").0, 0.2533);
    near(allowed(&costs(), 1.0, "d1 produce MB/s").0, 1363.6);
    near(allowed(&costs(), 1.0, "d2 produce MB/s, direct").0, 3947.0);
}

#[test]
fn a_durable_produce_is_allowed_the_better_way_and_a_cached_one_its_own() {
    let (value, by) = allowed(&costs(), 1.0, "d2 produce MB/s");
    near(value, 3947.0);
    assert_eq!(by, "the broker's CPU");
    near(allowed(&costs(), 1.0, "half load CPU s/GB").0, 0.2533);
    let bad = Costs { direct_append: 1.0 / GB, ..costs() };
    near(allowed(&bad, 1.0, "d2 produce MB/s").0, 1363.6);
}

#[test]
fn what_is_slowest_bounds() {
    let slow_device = Costs { device: GB, ..costs() };
    assert_eq!(allowed(&slow_device, 1.0, "d2 produce MB/s"), (1000.0, "the device"));
    let slow_load = Costs { send: 1.0 / GB, ..costs() };
    let (value, by) = allowed(&slow_load, 2.0, "d2 produce MB/s");
    near(value, 2000.0);
    assert_eq!(by, "the load's CPU: sending");
    // Receiving 5 GB/s is slower than sending 8, and a tenth of it is no values.
    let (value, by) = allowed(&costs(), 1.0, "tail MB/s");
    near(value, 4500.0);
    assert_eq!(by, "the load's CPU: receiving");
}

#[test]
fn a_request_of_its_own_cost_slows_small_ones_most() {
    let costs = Costs { request: 2e-6, ..costs() };
    // 65,536 bytes take 16.6 µs past the page cache, and 2 µs more.
    near(allowed(&costs, 1.0, "d2 produce MB/s").0, 65.536 / (16.602e-3 + 2e-3));
}

#[test]
fn an_ack_takes_a_round_trip_and_a_sync() {
    let costs = Costs { request: 2e-6, ..costs() };
    near(allowed(&costs, 1.0, "idle ack p50 ms").0, 0.020 + 0.002 + 0.000_253 + 0.150);
    near(allowed(&costs, 1.0, "end to end p50 ms").0, 2.0 * 0.020 + 0.002 + 0.004_15 + 0.150);
}

#[test]
fn every_primitive_has_to_be_there_and_its_best_case_counts() {
    let mut figures = Figures::default();
    let mut add = |name, unit, case: &str, value: f64| {
        figures.add(Primitive { id: "", name, meaning: "", unit }, case, &[value]);
    };
    for (name, value) in [("c_recv", 0.2), ("c_snd", 0.3), ("c_sf", 0.1), ("c_dio", 0.05)] {
        add(name, "s/GB", "1 MiB", value);
        add(name, "s/GB", "64 KiB", value * 2.0);
    }
    add("c_crc", "s/GB", "64 KiB", 0.03);
    add("c_pcw", "s/GB", "existing pages, 1 MiB", 0.06);
    add("c_pcw", "s/GB", "new pages, 1 MiB", 0.4);
    add("b_dev", "GB/s", "new blocks", 2.5);
    add("b_dev", "GB/s", "written blocks", 3.5);
    add("S_ovw", "us", "4 KiB p50", 160.0);
    add("t_rtt", "us", "idle, blocking calls", 30.0);
    add("t_rtt", "us", "both spin, plain calls", 10.0);
    add("t_req", "us", "1 partition", 1.5);
    assert_eq!(Costs::of(&figures), None, "nothing was written back");
    figures.add(Primitive { id: "", name: "c_wb", meaning: "", unit: "s/GB" }, "", &[0.1]);
    let costs = Costs::of(&figures).unwrap();
    near(costs.cached_append * GB, 0.5);
    near(costs.device, 2.5e9);
    near(costs.round_trip, 30e-6);
    near(costs.direct_append * GB, 0.05);
}
