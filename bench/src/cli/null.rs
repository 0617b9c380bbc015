//! `corelog-bench null`: the null responder.

use std::net::SocketAddr;
use std::sync::mpsc::channel;

use crate::null::{NullSettings, serve};

/// Arguments of `corelog-bench null`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Where to listen; port 0 takes any and says which
    #[arg(long, default_value = "127.0.0.1:9092", value_name = "IP:PORT")]
    listen: SocketAddr,
    /// Partitions that every topic seems to have
    #[arg(long, default_value_t = 16, value_name = "NUMBER")]
    partitions: i32,
    /// Bytes of the records that every partition seems to hold
    #[arg(long, default_value_t = 1024, value_name = "BYTES")]
    record_bytes: usize,
    /// CPUs to run on, comma separated; a thread per connection shares them
    #[arg(long, value_delimiter = ',', value_name = "CPU")]
    cpus: Vec<usize>,
}

impl Arguments {
    /// Serves until the process ends.
    ///
    /// # Errors
    /// The address cannot be listened at.
    pub fn run(self) -> anyhow::Result<()> {
        let settings = NullSettings {
            address: self.listen,
            cpus: self.cpus,
            partitions: self.partitions,
            record_bytes: self.record_bytes,
        };
        let (ready, address) = channel();
        let said = std::thread::spawn(move || {
            if let Ok(address) = address.recv() {
                println!("listening at {address}");
            }
        });
        serve(settings, &ready)?;
        // It only ends when serving ends.
        let _ = said.join();
        Ok(())
    }
}
