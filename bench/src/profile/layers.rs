//! The table by which a stack belongs to a layer. Pure.
//!
//! A stack that ends in the kernel belongs to what the kernel was asked for, so what it did on the
//! way counts there: delivery over loopback is part of the send. A stack that ends in user space
//! belongs to the innermost function that the table knows; a copy is a copy whoever asked for it.

use super::stacks::Stack;

/// Name of a layer, and beginnings of names of the kernel's functions. The first line that any
/// frame matches counts.
const KERNEL: &[(&str, &[&str])] = &[
    ("kernel: page faults", &["asm_exc_page_fault"]),
    ("kernel: flush", &["vfs_fsync", "ext4_sync_file", "xfs_file_fsync", "io_fsync"]),
    (
        "kernel: page cache write",
        &["ext4_buffered_write", "xfs_file_buffered_write", "generic_perform_write", "vfs_write"],
    ),
    ("kernel: page cache write, around it", &["io_write", "do_writev", "do_pwritev"]),
    ("kernel: file to socket", &["do_sendfile", "do_splice"]),
    ("kernel: send", &["__sys_sendto", "__sys_sendmsg", "io_send", "sock_write_iter"]),
    ("kernel: receive", &["__sys_recvfrom", "__sys_recvmsg", "io_recv", "sock_read_iter"]),
    ("kernel: file read", &["vfs_read", "do_preadv", "do_readv", "io_read", "filemap_read"]),
    ("kernel: wait for events", &["do_epoll_wait", "do_epoll_pwait", "__x64_sys_epoll_wait"]),
    ("kernel: ring", &["io_", "__x64_sys_io_uring", "__do_sys_io_uring", "iou_"]),
    ("kernel: wake-ups", &["do_futex", "__x64_sys_futex", "eventfd_", "ksys_write"]),
    ("kernel: interrupts", &["asm_sysvec", "asm_common_interrupt", "irqentry_exit"]),
    ("kernel: switches", &["schedule", "__schedule", "ret_from_fork"]),
];

/// Name of a layer, and pieces of names of functions in user space.
const USER: &[(&str, &[&str])] = &[
    ("copies", &["memcpy", "memmove", "memset", "__memcmp", "bcmp"]),
    ("allocator", &["mi_", "_mi_", "__rust_alloc", "__rust_dealloc", "cfree", "malloc"]),
    ("checksums", &["crc_fast", "crc32"]),
    ("clock", &["clock_gettime", "clockid", "__vdso", "runtime::clock", "runtime::time::now"]),
    ("system call entry", &["__libc_recv", "__libc_send", "epoll_wait", "__GI___", "syscall"]),
    ("metrics", &["corelog_engine::metrics", "corelog_net::journey"]),
    ("wire", &["corelog_net::wire", "kafka_protocol"]),
    ("record checks", &["corelog_engine::record"]),
    ("log", &["corelog_engine::log"]),
    ("commit", &["corelog_engine::commit"]),
    ("partition", &["corelog_engine::partition", "corelog_engine::replication"]),
    ("shard", &["corelog_engine::shard", "corelog_engine::node"]),
    ("requests", &["corelog_net::api", "corelog_net::dispatch"]),
    ("connection", &["corelog_net::"]),
    ("images", &["arc_swap", "corelog_engine::metadata"]),
    (
        "runtime",
        &["corelog_engine::runtime", "tokio", "io_uring", "mio::", "slab", "core::task", "parking"],
    ),
];

/// What no line matches.
const KERNEL_REST: &str = "kernel: other";
const USER_REST: &str = "other";

/// The layer of a stack.
pub fn layer(stack: &Stack) -> &'static str {
    let kernel: Vec<&str> =
        stack.frames.iter().take_while(|one| one.is_kernel).map(|one| one.name.as_str()).collect();
    if !kernel.is_empty() {
        let asked = |begins: &[&str]| {
            kernel.iter().any(|name| begins.iter().any(|begin| name.starts_with(begin)))
        };
        return KERNEL.iter().find(|(_, begins)| asked(begins)).map_or(KERNEL_REST, |line| line.0);
    }
    let of =
        |name: &str| USER.iter().find(|(_, pieces)| pieces.iter().any(|piece| has(name, piece)));
    stack.frames.iter().find_map(|one| of(&one.name)).map_or(USER_REST, |line| line.0)
}

/// Whether a name has a piece at the start of a word: `mi_` is in `mi_free`, not in `semi_free`.
fn has(name: &str, piece: &str) -> bool {
    let mut starts = name.match_indices(piece).map(|(at, _)| at);
    let begins_word =
        |at: usize| name[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
    starts.any(begins_word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::stacks::Frame;

    fn stack(kernel: &[&str], user: &[&str]) -> Stack {
        let kernel = kernel.iter().map(|name| (name, true));
        let frames = kernel.chain(user.iter().map(|name| (name, false)));
        let frames =
            frames.map(|(name, is_kernel)| Frame { name: (*name).to_owned(), is_kernel }).collect();
        Stack { thread: "core-0".to_owned(), frames, samples: 1 }
    }

    #[test]
    fn the_kernel_works_for_what_it_was_asked_for() {
        let of = |kernel: &[&str]| layer(&stack(kernel, &["__libc_send", "corelog_net::x"]));
        let delivery = ["tcp_v4_rcv", "net_rx_action", "handle_softirqs", "__sys_sendto"];
        assert_eq!(of(&delivery), "kernel: send");
        assert_eq!(
            of(&["memcpy", "generic_perform_write", "io_write"]),
            "kernel: page cache write"
        );
        assert_eq!(of(&["tcp_v4_rcv", "asm_sysvec_x"]), "kernel: interrupts");
        assert_eq!(of(&["something"]), KERNEL_REST);
    }

    #[test]
    fn user_space_works_for_the_innermost_function_that_is_known() {
        let of = |user: &[&str]| layer(&stack(&[], user));
        let batch = "<corelog_engine::log::segment::Segment>::append";
        assert_eq!(of(&["alloc::vec::Vec<T>::push", batch, "tokio::runtime"]), "log");
        assert_eq!(of(&["__memmove_avx_unaligned_erms", batch]), "copies");
        assert_eq!(of(&["mi_free", batch]), "allocator");
        assert_eq!(of(&["semi_free", "[unknown]"]), USER_REST);
        assert_eq!(of(&[]), USER_REST);
    }
}
