//! Range: every topic is cut into neighbouring pieces, one for each of its subscribers, in one
//! order of the members for all topics. Topics with as many partitions are cut alike, so that a
//! member gets what belongs together.

use super::owners::add;
use super::spec::{Spec, Target};

/// Assigns.
pub(super) fn assign(spec: &Spec<'_>) -> Target {
    let order = order(spec);
    let mut subscribers = vec![0; spec.topics.len()];
    for member in &spec.members {
        spec.wanted(member).iter().for_each(|topic| subscribers[*topic] += 1);
    }
    let mut cuts: Vec<Cut> = spec
        .topics
        .iter()
        .zip(subscribers)
        .map(|(topic, members)| Cut::new(topic.partitions, members))
        .collect();
    let mut target = vec![Vec::new(); spec.members.len()];
    for member in order {
        for topic in spec.wanted(&spec.members[member]) {
            let id = spec.topics[*topic].id;
            cuts[*topic].piece().for_each(|partition| add(&mut target[member], id, partition));
        }
    }
    target
}

/// Static members first, by instance: they come back, so what stands behind them stays in place.
fn order(spec: &Spec<'_>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..spec.members.len()).collect();
    order.sort_by_key(|place| {
        let member = &spec.members[*place];
        (member.instance.is_none(), member.instance, member.id)
    });
    order
}

/// A topic on its way to be cut.
struct Cut {
    next: usize,
    least: usize,
    extras: usize,
}

impl Cut {
    fn new(partitions: usize, members: usize) -> Cut {
        let members = members.max(1);
        Cut { next: 0, least: partitions / members, extras: partitions % members }
    }

    /// The partitions of the next member.
    fn piece(&mut self) -> std::ops::Range<usize> {
        let from = self.next;
        self.next += self.least + usize::from(self.extras > 0);
        self.extras = self.extras.saturating_sub(1);
        from..self.next
    }
}
