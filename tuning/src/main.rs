//! The `corelog-tune` command: everything happens in `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    corelog_tune::cli::run()
}
