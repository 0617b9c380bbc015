//! Threads on CPUs of their own. Any thread.

use std::io::{self, ErrorKind};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Binds this thread, and those that it starts, to some CPUs; none = as it was.
///
/// # Errors
/// A CPU is not there, or not allowed.
pub fn stay_on(cpus: &[usize]) -> io::Result<()> {
    if cpus.is_empty() {
        return Ok(());
    }
    let mut set = CpuSet::new();
    for cpu in cpus {
        if *cpu >= CpuSet::MAX_CPU {
            return Err(io::Error::new(ErrorKind::InvalidInput, format!("there is no CPU {cpu}")));
        }
        set.set(*cpu);
    }
    Ok(sched_setaffinity(None, &set)?)
}

/// The CPUs that this thread may use, ascending.
///
/// # Errors
/// The kernel does not say.
pub fn allowed_cpus() -> io::Result<Vec<usize>> {
    let set = sched_getaffinity(None)?;
    Ok((0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_stays_where_it_was_put() {
        let last = *allowed_cpus().unwrap().last().unwrap();
        let found = std::thread::spawn(move || {
            stay_on(&[last]).unwrap();
            allowed_cpus().unwrap()
        });
        assert_eq!(found.join().unwrap(), [last]);
        assert!(stay_on(&[1 << 20]).is_err());
    }
}
