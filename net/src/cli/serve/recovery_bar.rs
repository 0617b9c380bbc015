//! The progress of recovery on a terminal, while the cores open their logs.
//!
//! Shown on standard error, only where that is a terminal and only when it takes a while; the
//! log's own lines say the same for everybody else. A thread of its own: the cores are busy.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use corelog_engine::node::Watcher;
use corelog_engine::shard::{Observer, ShardShared};
use indicatif::{ProgressBar, ProgressStyle};

/// A start that is over sooner shows nothing.
const SHOW_AFTER: Duration = Duration::from_millis(300);
const REDRAW: Duration = Duration::from_millis(100);

/// Draws a bar from start to serving.
#[derive(Default)]
pub struct RecoveryBar {
    over: Arc<AtomicBool>,
    drawing: Option<JoinHandle<()>>,
}

impl RecoveryBar {
    /// A bar where standard error is a terminal.
    pub fn on_terminal() -> Option<Box<dyn Watcher>> {
        std::io::stderr()
            .is_terminal()
            .then(|| Box::new(RecoveryBar::default()) as Box<dyn Watcher>)
    }
}

impl Watcher for RecoveryBar {
    fn starting(&mut self, running: &Observer) {
        let (shared, over) = (running.shared().clone(), self.over.clone());
        self.drawing = Some(thread::spawn(move || draw(&shared, &over)));
    }

    fn started(&mut self, _running: &Observer) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(drawing) = self.drawing.take() {
            // A bar that panicked is no reason not to serve.
            let _ = drawing.join();
        }
    }

    fn stopping(&mut self) {}
}

fn draw(shared: &ShardShared, over: &AtomicBool) {
    thread::park_timeout(SHOW_AFTER);
    if over.load(Ordering::Relaxed) {
        return;
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("recovering {bar:40} {pos}/{len} logs, {msg}") {
        bar.set_style(style);
    }
    while !over.load(Ordering::Relaxed) {
        bar.set_length(shared.progress.logs_total());
        bar.set_position(shared.progress.logs_open());
        bar.set_message(format!("{} MB checked", shared.progress.bytes_checked() / 1_000_000));
        thread::sleep(REDRAW);
    }
    bar.finish_and_clear();
}
