//! Samples as stacks: what `perf script` prints, folded, so that equal stacks are one. Pure.

use std::collections::BTreeMap;

/// One function of a stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Frame {
    /// Its name, as the binary has it; `[unknown]` where there is none.
    pub name: String,
    /// Whether it is the kernel's.
    pub is_kernel: bool,
}

/// Where a thread was, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// Name of the thread, numbers of io_uring's workers left out.
    pub thread: String,
    /// The function that ran first, then its callers.
    pub frames: Vec<Frame>,
    /// Samples.
    pub samples: u64,
}

/// Folds the samples of a text.
pub fn fold(text: &str) -> Vec<Stack> {
    let mut found: BTreeMap<(String, Vec<Frame>), u64> = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        let thread = thread(line.trim());
        let frames = lines.by_ref().take_while(|line| !line.trim().is_empty());
        let frames: Vec<Frame> = frames.filter_map(frame).collect();
        *found.entry((thread, frames)).or_default() += 1;
    }
    let stacks = found.into_iter();
    stacks.map(|((thread, frames), samples)| Stack { thread, frames, samples }).collect()
}

/// `iou-wrk-4711` and `iou-wrk-4712` do the same.
fn thread(name: &str) -> String {
    match name.strip_prefix("iou-wrk-") {
        Some(_) => "iou-wrk".to_owned(),
        None => name.to_owned(),
    }
}

/// Address, name, and the file in parentheses; a name may hold spaces and parentheses.
fn frame(line: &str) -> Option<Frame> {
    let (_, rest) = line.trim().split_once(' ')?;
    let (name, file) = rest.rsplit_once(" (").unwrap_or((rest, ""));
    let is_kernel = file.starts_with("[kernel") || file.starts_with("[guest.kernel");
    // A line of a Rust symbol may end in the hash of its instance.
    let name = match name.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 => name,
        _ => name,
    };
    Some(Frame { name: name.to_owned(), is_kernel })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_samples_are_one_stack() {
        let one = "core-0 \n\tffff81 tcp_sendmsg ([kernel.kallsyms])\n\
                   \t55aa <a::B as c::D>::f(x)::h0123456789abcdef (/x/corelog)\n\n";
        let text = [one, "iou-wrk-12 \n\tffff82 io_write ([kernel.kallsyms])\n\n", one].concat();
        let found = fold(&text);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].thread.as_str(), found[0].samples), ("core-0", 2));
        let frames: Vec<(&str, bool)> =
            found[0].frames.iter().map(|one| (one.name.as_str(), one.is_kernel)).collect();
        assert_eq!(frames, [("tcp_sendmsg", true), ("<a::B as c::D>::f(x)", false)]);
        assert_eq!((found[1].thread.as_str(), found[1].samples), ("iou-wrk", 1));
        assert!(fold("").is_empty());
    }
}
