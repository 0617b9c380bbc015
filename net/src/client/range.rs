//! Which member reads what: Kafka's `range` assignor. Of each topic, every member gets a run of
//! neighbouring partitions; the first members get one more when they do not come out even. Pure.

use std::collections::BTreeMap;

/// A member and the topics it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Its id.
    pub member_id: String,
    /// `group.instance.id` of a static member: it decides the order, so that a member that comes
    /// back gets what it had.
    pub instance_id: Option<String>,
    /// Topics by name.
    pub topics: Vec<String>,
}

impl Subscriber {
    fn order(&self) -> (bool, &str) {
        match &self.instance_id {
            Some(instance) => (false, instance),
            None => (true, &self.member_id),
        }
    }
}

/// What each member gets, by topic. `partitions` says how many partitions each topic has; a topic
/// that is not there is nobody's.
pub fn assign(
    mut members: Vec<Subscriber>,
    partitions: &BTreeMap<String, i32>,
) -> BTreeMap<String, BTreeMap<String, Vec<i32>>> {
    members.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut assigned: BTreeMap<String, BTreeMap<String, Vec<i32>>> =
        members.iter().map(|member| (member.member_id.clone(), BTreeMap::new())).collect();
    for (topic, count) in partitions {
        let readers: Vec<&Subscriber> =
            members.iter().filter(|member| member.topics.contains(topic)).collect();
        let Ok(shares) = i32::try_from(readers.len()) else { continue };
        if shares == 0 {
            continue;
        }
        let mut next = 0;
        for (reader, place) in readers.iter().zip(0..) {
            let share = count / shares + i32::from(place < count % shares);
            let run: Vec<i32> = (next..next + share).collect();
            next += share;
            if let (Some(topics), false) = (assigned.get_mut(&reader.member_id), run.is_empty()) {
                topics.insert(topic.clone(), run);
            }
        }
    }
    assigned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str, instance: Option<&str>, topics: &[&str]) -> Subscriber {
        Subscriber {
            member_id: id.to_owned(),
            instance_id: instance.map(str::to_owned),
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
        }
    }

    fn counts(counts: &[(&str, i32)]) -> BTreeMap<String, i32> {
        counts.iter().map(|(topic, count)| ((*topic).to_owned(), *count)).collect()
    }

    #[test]
    fn neighbours_stay_together_and_the_first_get_one_more() {
        let members = vec![member("b", None, &["t"]), member("a", None, &["t", "u"])];
        let assigned = assign(members, &counts(&[("t", 5), ("u", 1)]));
        assert_eq!(assigned["a"]["t"], [0, 1, 2]);
        assert_eq!(assigned["a"]["u"], [0]);
        assert_eq!(assigned["b"]["t"], [3, 4]);
        assert!(!assigned["b"].contains_key("u"));
    }

    #[test]
    fn more_members_than_partitions_leave_some_without_any() {
        let members = ["a", "b", "c"].map(|id| member(id, None, &["t", "gone"])).to_vec();
        let assigned = assign(members, &counts(&[("t", 2)]));
        assert_eq!(assigned["b"]["t"], [1]);
        assert!(assigned["c"].is_empty());
    }

    #[test]
    fn static_members_are_ordered_by_their_instance() {
        let members = vec![member("1", Some("y"), &["t"]), member("2", Some("x"), &["t"])];
        let assigned = assign(members, &counts(&[("t", 2)]));
        assert_eq!((&assigned["2"]["t"][..], &assigned["1"]["t"][..]), (&[0][..], &[1][..]));
    }
}
