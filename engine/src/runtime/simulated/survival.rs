//! What a crash leaves on the disk.
//!
//! Durable bytes and names stay. Of what was pending, any subset that a file system may leave:
//!
//! - names: a change survives only when every earlier pending change of the same names does; a
//!   rename survives whole or not at all. A file whose name is lost is lost, synced or not;
//! - lengths: cuts and extensions survive in order; what was written after a lost one is lost;
//! - bytes: each 512-byte sector of a write survives or not, alone; a length may survive without
//!   its bytes, which then read as zeros.
//!
//! How much survives is drawn per directory tree and per file: nothing, all, a prefix, or a random
//! subset, because bugs hide at either end.

use std::collections::BTreeSet;

use crate::runtime::Rng;

use super::disk::{Disk, FileChange, FileEdit, FileNode, NameKey, ROOT, SECTOR_BYTES, set_name};

/// How much of a list of pending changes survives.
enum Fate {
    Nothing,
    All,
    Prefix(usize),
    Subset,
}

impl Fate {
    fn draw(len: usize, rng: &mut Rng) -> Fate {
        match rng.below(4) {
            0 => Fate::Nothing,
            1 => Fate::All,
            2 => Fate::Prefix(rng.below(len as u64 + 1) as usize),
            _ => Fate::Subset,
        }
    }

    fn keeps(&self, index: usize, rng: &mut Rng) -> bool {
        match self {
            Fate::Nothing => false,
            Fate::All => true,
            Fate::Prefix(len) => index < *len,
            Fate::Subset => rng.below(2) == 0,
        }
    }
}

/// The disk as the next start finds it.
pub(super) fn survivors(before: &Disk, rng: &mut Rng) -> Disk {
    let mut disk = Disk { space_max: before.space_max, ..Disk::new() };
    disk.numbers = before.numbers;
    keep_names(before, &mut disk, rng);
    keep_reachable(before, &mut disk);
    for (node, file) in &before.files {
        if disk.names.values().any(|named| named == node) {
            let content = surviving_content(file, rng);
            let file = FileNode { durable: content.clone(), current: content, pending: Vec::new() };
            disk.files.insert(*node, file);
        }
    }
    disk
}

fn keep_names(before: &Disk, disk: &mut Disk, rng: &mut Rng) {
    disk.names = before.durable_names.clone();
    let fate = Fate::draw(before.pending_names.len(), rng);
    let mut lost: BTreeSet<&NameKey> = BTreeSet::new();
    for (index, change) in before.pending_names.iter().enumerate() {
        let kept = fate.keeps(index, rng);
        if kept && !change.names.iter().any(|(key, _)| lost.contains(key)) {
            for (key, node) in &change.names {
                set_name(&mut disk.names, key, *node);
            }
        } else {
            lost.extend(change.names.iter().map(|(key, _)| key));
        }
    }
}

/// Drops names in directories that have no name themselves any more.
fn keep_reachable(before: &Disk, disk: &mut Disk) {
    let mut reached = BTreeSet::from([ROOT]);
    let mut rest = vec![ROOT];
    while let Some(directory) = rest.pop() {
        for node in children(disk, directory) {
            if before.directories.contains(&node) && reached.insert(node) {
                rest.push(node);
            }
        }
    }
    disk.names.retain(|(parent, _), _| reached.contains(parent));
    disk.durable_names = disk.names.clone();
    disk.directories = reached;
}

fn children(disk: &Disk, directory: u64) -> Vec<u64> {
    let from = (directory, String::new());
    let names = disk.names.range(from..).take_while(|((parent, _), _)| *parent == directory);
    names.map(|(_, node)| *node).collect()
}

fn surviving_content(file: &FileNode, rng: &mut Rng) -> Vec<u8> {
    let mut content = file.durable.clone();
    let mut len_reached = content.len();
    let fate = Fate::draw(file.pending.len(), rng);
    for (index, FileChange { what, dropped, .. }) in file.pending.iter().enumerate() {
        let kept = !dropped && fate.keeps(index, rng);
        match what {
            FileEdit::SetLen(len) if kept => {
                what.apply(&mut content);
                len_reached = *len as usize;
            }
            FileEdit::SetLen(_) => break,
            FileEdit::Write { position, bytes } => {
                len_reached = len_reached.max(*position as usize + bytes.len());
                // The write at the end of a prefix is the one that tears.
                let torn = match fate {
                    Fate::Prefix(len) => index == len && !dropped,
                    Fate::Subset => !dropped,
                    Fate::Nothing | Fate::All => false,
                };
                if torn {
                    keep_sectors(*position, bytes, &mut content, rng);
                } else if kept {
                    what.apply(&mut content);
                }
            }
        }
    }
    // The length may have reached the disk without the bytes.
    if len_reached > content.len() && rng.below(4) == 0 {
        content.resize(len_reached, 0);
    }
    content
}

/// Keeps any of the sectors that a write touches.
fn keep_sectors(position: u64, bytes: &[u8], content: &mut Vec<u8>, rng: &mut Rng) {
    let end = position + bytes.len() as u64;
    let mut at = position;
    while at < end {
        let next = ((at / SECTOR_BYTES + 1) * SECTOR_BYTES).min(end);
        if rng.below(2) == 0 {
            let part = bytes[(at - position) as usize..(next - position) as usize].to_vec();
            FileEdit::Write { position: at, bytes: part }.apply(content);
        }
        at = next;
    }
}
