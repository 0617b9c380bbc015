//! The page of metrics, made series by series while it is sent: the socket asks for the next piece
//! when it has room, so that a large page neither stands in memory as a whole nor holds the thread.

use super::samples::Samples;
use super::scrape::Scrape;
use super::series::SERIES;

/// A piece is sent when it has grown to this.
const PIECE_BYTES: usize = 64 << 10;

/// The text of a scrape, piece by piece. A series with many values is one piece.
pub struct Page {
    scrape: Scrape,
    next: usize,
}

impl Page {
    /// The page of what was found.
    pub fn new(scrape: Scrape) -> Page {
        Page { scrape, next: 0 }
    }
}

impl Iterator for Page {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut text = String::new();
        while let Some(series) = SERIES.iter().copied().flatten().nth(self.next) {
            self.next += 1;
            (series.values)(&self.scrape, &mut Samples::begin(series, &mut text));
            if text.len() >= PIECE_BYTES {
                break;
            }
        }
        (!text.is_empty()).then_some(text)
    }
}
