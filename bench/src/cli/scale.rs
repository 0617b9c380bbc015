//! `corelog-bench scale`: the same load again and again, with more of one thing.

use clap::ValueEnum;
use comfy_table::{Table, presets::NOTHING};

use super::load::LoadArguments;
use crate::clock;
use crate::report::{Saved, write_run};
use crate::workload::Workload;

/// What there is more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Dimension {
    /// Partitions of the topic; a topic of its own for each number
    Partitions,
    /// Connections that say nothing
    Connections,
    /// Producers; the requests in flight of all together stay the same
    Producers,
    /// Sets of consumers that each read everything, with one consumer each
    FanOut,
    /// Consumers that share the partitions of one set
    Groups,
}

/// Arguments of `corelog-bench scale`.
#[derive(clap::Args)]
pub struct Arguments {
    /// What there is more of
    #[arg(value_enum)]
    dimension: Dimension,
    /// How much, comma separated; the first is what the others are compared with
    #[arg(value_delimiter = ',', required = true)]
    values: Vec<usize>,
    /// A workload, or a TOML file
    #[arg(long, default_value = "durable", value_name = "NAME")]
    workload: String,
    #[command(flatten)]
    load: LoadArguments,
}

impl Arguments {
    /// Runs each and prints a table.
    ///
    /// # Errors
    /// A load fails.
    pub fn run(self) -> anyhow::Result<()> {
        let base = self.load.workload(&self.workload)?;
        let mut table = Table::new();
        let name = self.dimension.to_possible_value().map(|value| value.get_name().to_uppercase());
        let name = name.unwrap_or_default();
        let header =
            [&name, "RECORDS/S", "KEPT", "ACK P50 MS", "ACK P99 MS", "READ/S", "E2E P99 MS"];
        table.load_style(NOTHING).set_header(header);
        let mut first = None;
        for value in self.values {
            let workload = scaled(&base, self.dimension, value);
            workload.check()?;
            eprintln!("{name} {value}");
            let outcome = self.load.outcome(&workload)?;
            let total = outcome.total();
            let produced = outcome.rate(total.produced.records);
            let consumed = outcome.rate(total.consumed.records);
            let rate = if workload.producers > 0 { produced } else { consumed };
            let kept = rate / *first.get_or_insert(rate);
            table.add_row([
                value.to_string(),
                format!("{produced:.0}"),
                format!("{kept:.2}"),
                format!("{:.3}", total.ack.ms(0.5)),
                format!("{:.3}", total.ack.ms(0.99)),
                format!("{consumed:.0}"),
                format!("{:.3}", total.end_to_end.ms(0.99)),
            ]);
            if let Some(folder) = &self.load.out {
                let title = format!("{} {name} {value}", self.workload);
                let run = Saved::of(&title, &workload, &outcome, Vec::new(), clock::wall_ms());
                write_run(&folder.join(format!("{value:07}")), &run, &outcome, &title)?;
            }
        }
        println!("{table}");
        Ok(())
    }
}

fn scaled(base: &Workload, dimension: Dimension, value: usize) -> Workload {
    let mut workload = base.clone();
    match dimension {
        Dimension::Partitions => {
            workload.partitions = i32::try_from(value).unwrap_or(i32::MAX);
            workload.topic = format!("{}-{value}", base.topic);
        }
        Dimension::Connections => workload.idle_connections = value,
        Dimension::Producers => {
            let in_flight = base.producers * base.in_flight;
            (workload.producers, workload.in_flight) = (value, (in_flight / value.max(1)).max(1));
        }
        Dimension::FanOut => (workload.groups, workload.consumers) = (value, 1),
        Dimension::Groups => (workload.groups, workload.consumers) = (1, value),
    }
    workload
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_changes_and_the_rest_stays() {
        let base = Workload { producers: 8, in_flight: 4, ..Workload::default() };
        let more = scaled(&base, Dimension::Producers, 16);
        assert_eq!((more.producers, more.in_flight), (16, 2));
        let more = scaled(&base, Dimension::Partitions, 1000);
        assert_eq!((more.partitions, more.topic.as_str()), (1000, "bench-1000"));
        let more = scaled(&base, Dimension::Connections, 9);
        assert_eq!(more, Workload { idle_connections: 9, ..base });
    }
}
