//! The machine in words: for the header of a table, and for the name of a folder. Any thread.

use std::fs;

/// CPU model and count as one word: `amd-epyc-9r14-2cpu`.
pub fn name() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    short(&model(&text), cpus())
}

/// What a reader of figures has to know of the machine.
pub fn circumstances() -> Vec<(String, String)> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let memory = read("/proc/meminfo");
    let line = |key: &str| {
        let found = memory.lines().find_map(|line| line.strip_prefix(key));
        found.unwrap_or_default().trim().to_owned()
    };
    let pairs = [
        ("CPU", format!("{} ({} CPUs)", model(&read("/proc/cpuinfo")), cpus())),
        ("memory", line("MemTotal:")),
        ("page cache", format!("{}, dirty {}", line("Cached:"), line("Dirty:"))),
        ("kernel", read("/proc/sys/kernel/osrelease").trim().to_owned()),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn model(cpuinfo: &str) -> String {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    let model = line.and_then(|line| line.split_once(':')).map(|(_, model)| model.trim());
    model.unwrap_or("unknown CPU").to_owned()
}

fn short(model: &str, cpus: usize) -> String {
    let lower = model.to_lowercase().replace("(r)", "").replace("(tm)", "");
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.take(4).collect();
    format!("{}-{cpus}cpu", words.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_a_name_that_fits_a_folder() {
        let text = "processor : 0\nmodel name\t: Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz\n";
        assert_eq!(short(&model(text), 8), "intel-xeon-platinum-8375c-8cpu");
        assert!(name().chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    }
}
