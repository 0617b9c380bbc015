//! Stacks as a flame graph: callers below, width is the share of CPU time. One SVG without
//! scripts; the whole name and the share of a box show when the pointer rests on it. Pure.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::stacks::Stack;
use crate::report::escape;

const WIDTH: f64 = 1600.0;
const ROW: f64 = 17.0;
const TOP: f64 = 30.0;
/// Narrower boxes are left out.
const WIDTH_MIN: f64 = 0.4;
/// Of a character, about; and the narrowest box that has text.
const CHARACTER: f64 = 6.6;
const TEXT_MIN: f64 = 24.0;
const USER: &str = "#f2a25c";
const KERNEL: &str = "#7fb2e5";

/// A function in its place: everything that ran in it and in what it called from there.
#[derive(Default)]
struct Node {
    samples: u64,
    is_kernel: bool,
    callees: BTreeMap<String, Node>,
}

impl Node {
    fn add(&mut self, stack: &Stack) {
        self.samples += stack.samples;
        let mut at = self.callees.entry(stack.thread.clone()).or_default();
        at.samples += stack.samples;
        for frame in stack.frames.iter().rev() {
            at = at.callees.entry(frame.name.clone()).or_default();
            at.samples += stack.samples;
            at.is_kernel = frame.is_kernel;
        }
    }

    fn depth(&self) -> usize {
        1 + self.callees.values().map(Node::depth).max().unwrap_or(0)
    }
}

/// What is drawn on.
struct Canvas {
    svg: String,
    bottom: f64,
    all: f64,
}

impl Canvas {
    /// A box and, on top of it, those it called.
    fn draw(&mut self, name: &str, node: &Node, left: f64, level: usize) {
        let share = node.samples as f64 / self.all;
        let width = share * WIDTH;
        if width < WIDTH_MIN {
            return;
        }
        let (top, percent) = (self.bottom - ROW * (level + 1) as f64, share * 100.0);
        let (fill, title) = (if node.is_kernel { KERNEL } else { USER }, escape(name));
        let _ = write!(
            self.svg,
            "<g><title>{title}: {} samples, {percent:.2} %</title><rect x=\"{left:.1}\" \
             y=\"{top:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{fill}\"/>",
            node.samples,
            ROW - 1.0
        ); // a String takes all
        if width > TEXT_MIN {
            let fits = (width / CHARACTER) as usize;
            let text: String = short(name).chars().take(fits).collect();
            let (x, y) = (left + 2.0, top + ROW - 5.0);
            let _ = write!(self.svg, "<text x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escape(&text));
        }
        self.svg.push_str("</g>\n");
        let mut left = left;
        for (name, callee) in &node.callees {
            self.draw(name, callee, left, level + 1);
            left += callee.samples as f64 / self.all * WIDTH;
        }
    }
}

/// The last steps of a path say what it is.
fn short(name: &str) -> &str {
    let plain = !name.starts_with('<') && !name.contains("{{");
    match name.rsplit_once("::").filter(|_| plain) {
        Some((path, _)) => {
            let from = path.rfind("::").map_or(0, |at| at + 2);
            &name[from..]
        }
        None => name,
    }
}

/// The picture.
pub fn svg(title: &str, stacks: &[Stack]) -> String {
    let mut root = Node::default();
    stacks.iter().for_each(|stack| root.add(stack));
    let height = TOP + ROW * root.depth() as f64 + ROW;
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"monospace\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" \
         fill=\"#fff\"/>\n<text x=\"4\" y=\"18\" font-size=\"14\">{}</text>\n",
        escape(title)
    );
    let mut canvas = Canvas { svg, bottom: height - ROW / 2.0, all: root.samples.max(1) as f64 };
    canvas.draw("all", &root, 0.0, 0);
    canvas.svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::stacks::Frame;

    fn stack(samples: u64, names: [&str; 2]) -> Stack {
        let frames = names.map(|name| Frame { name: name.to_owned(), is_kernel: false });
        Stack { thread: "core-0".to_owned(), frames: frames.into(), samples }
    }

    #[test]
    fn a_box_is_as_wide_as_its_share_and_stands_on_its_caller() {
        let svg = svg("a & b", &[stack(3, ["f<T>", "g"]), stack(1, ["h", "g"])]);
        assert!(svg.contains("<title>g: 4 samples, 100.00 %</title>"), "{svg}");
        let leaf = svg.lines().find(|line| line.contains("f&lt;T&gt;: 3 samples")).unwrap();
        assert!(leaf.contains("x=\"0.0\"") && leaf.contains("width=\"1200.0\""), "{leaf}");
        let other = svg.lines().find(|line| line.contains(">h: 1 samples")).unwrap();
        assert!(other.contains("x=\"1200.0\"") && other.contains("width=\"400.0\""), "{other}");
        assert!(svg.contains("a &amp; b") && svg.ends_with("</svg>\n"));
        assert!(super::svg("nothing", &[]).contains("<svg"));
    }

    #[test]
    fn a_long_path_is_named_by_its_end() {
        assert_eq!(short("tokio::runtime::io::Driver::turn"), "Driver::turn");
        assert_eq!(short("a::b"), "a::b");
        assert_eq!(short("<A as b::C>::d"), "<A as b::C>::d");
    }
}
