//! Assignors: whole, even, sticky, and the same as Apache Kafka where the result is unique.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::record::offsets_topic::TopicPartitions;

/// A group as a test writes it: topics by number, members by name.
#[derive(Debug, Clone, Default)]
struct Group {
    topics: Vec<usize>,
    members: BTreeMap<String, Wish>,
    previous: BTreeMap<String, Vec<TopicPartitions>>,
}

#[derive(Debug, Clone, Default)]
struct Wish {
    instance: Option<String>,
    topics: BTreeSet<usize>,
}

fn id(topic: usize) -> Uuid {
    Uuid::from_u128(topic as u128 + 1)
}

impl Group {
    fn new(topics: &[usize], members: &[(&str, &[usize])]) -> Group {
        let wish =
            |topics: &[usize]| Wish { instance: None, topics: topics.iter().copied().collect() };
        let members = members.iter().map(|(name, topics)| (name.to_string(), wish(topics)));
        Group { topics: topics.to_vec(), members: members.collect(), ..Group::default() }
    }

    fn wanted(&self) -> BTreeSet<usize> {
        self.members.values().flat_map(|wish| wish.topics.iter().copied()).collect()
    }

    /// Assigns and keeps the result as what everybody had so far.
    fn assign(&mut self, assignor: Assignor) -> &BTreeMap<String, Vec<TopicPartitions>> {
        let wanted: Vec<usize> = self.wanted().into_iter().collect();
        let topics = wanted.iter().map(|t| TopicSpec { id: id(*t), partitions: self.topics[*t] });
        let mut subscriptions: Vec<Vec<usize>> = Vec::new();
        let place = |topic: &usize| wanted.binary_search(topic).unwrap();
        let mut members = Vec::new();
        for (name, wish) in &self.members {
            let topics: Vec<usize> = wish.topics.iter().map(place).collect();
            let known = subscriptions.iter().position(|known| *known == topics);
            let subscription = known.unwrap_or_else(|| {
                subscriptions.push(topics);
                subscriptions.len() - 1
            });
            let previous = self.previous.get(name).map_or(&[][..], Vec::as_slice);
            let instance = wish.instance.as_deref();
            members.push(MemberSpec { id: name, instance, subscription, previous });
        }
        let target = assignor.assign(&Spec { topics: topics.collect(), subscriptions, members });
        self.previous = self.members.keys().cloned().zip(target).collect();
        &self.previous
    }

    /// What a member has, as topic and partitions by number.
    fn has(&self, member: &str) -> Vec<(usize, Vec<i32>)> {
        let number = |topic: Uuid| topic.as_u128() as usize - 1;
        self.previous[member].iter().map(|t| (number(t.topic), t.partitions.clone())).collect()
    }

    fn load(&self, member: &str) -> usize {
        self.previous[member].iter().map(|topic| topic.partitions.len()).sum()
    }

    fn owners(&self) -> BTreeMap<(Uuid, i32), String> {
        let mut owners = BTreeMap::new();
        for (member, topics) in &self.previous {
            for topic in topics {
                assert!(topic.partitions.is_sorted() && !topic.partitions.is_empty());
                for partition in &topic.partitions {
                    let place = (topic.topic, *partition);
                    assert_eq!(owners.insert(place, member.clone()), None, "{place:?} given twice");
                }
            }
            assert!(topics.is_sorted_by_key(|topic| topic.topic));
        }
        owners
    }

    /// Every partition of a wanted topic has one owner, who wants it.
    fn check_whole(&self) {
        let owners = self.owners();
        let mut all = 0;
        for topic in self.wanted() {
            for partition in 0..self.topics[topic] as i32 {
                let owner = &owners[&(id(topic), partition)];
                assert!(self.members[owner].topics.contains(&topic));
                all += 1;
            }
        }
        assert_eq!(owners.len(), all, "nothing else is given");
    }

    fn spread(&self) -> usize {
        let loads = || self.members.keys().map(|member| self.load(member));
        loads().max().unwrap_or(0) - loads().min().unwrap_or(0)
    }
}

#[test]
fn nobody_gets_nothing() {
    for assignor in [Assignor::Uniform, Assignor::Range] {
        assert!(Group::new(&[3], &[]).assign(assignor).is_empty());
        let mut group = Group::new(&[3], &[("a", &[])]);
        group.assign(assignor);
        assert_eq!(group.has("a"), []);
    }
}

#[test]
fn uniform_gives_the_extra_partitions_to_those_who_have_them() {
    let mut group = Group::new(&[6], &[("a", &[0]), ("b", &[0])]);
    group.assign(Assignor::Uniform);
    assert_eq!(
        (group.has("a"), group.has("b")),
        (vec![(0, vec![0, 1, 2])], vec![(0, vec![3, 4, 5])])
    );
    group.topics = vec![7];
    group.assign(Assignor::Uniform);
    let before = group.owners();
    group.members.remove("nobody");
    group.assign(Assignor::Uniform);
    assert_eq!(group.owners(), before, "nothing changed, nothing moves");
    // A third takes from both, and leaves what they keep where it was.
    group.members.insert("c".to_string(), group.members["a"].clone());
    group.assign(Assignor::Uniform);
    group.check_whole();
    assert_eq!(group.load("c"), 2);
    let moved = group.owners().iter().filter(|(place, owner)| before[place] != **owner).count();
    assert_eq!(moved, 2);
}

#[test]
fn range_cuts_topics_alike_and_sets_static_members_first() {
    let all: &[usize] = &[0, 1];
    let mut group = Group::new(&[5, 5], &[("a", all), ("b", all), ("c", all)]);
    group.members.get_mut("c").unwrap().instance = Some("i".to_string());
    group.assign(Assignor::Range);
    assert_eq!(group.has("c"), [(0, vec![0, 1]), (1, vec![0, 1])]);
    assert_eq!(group.has("a"), [(0, vec![2, 3]), (1, vec![2, 3])]);
    assert_eq!(group.has("b"), [(0, vec![4]), (1, vec![4])]);
}

#[test]
fn range_counts_the_subscribers_of_each_topic() {
    let mut group = Group::new(&[3, 3], &[("a", &[0, 1]), ("b", &[0]), ("c", &[1])]);
    group.assign(Assignor::Range);
    assert_eq!(group.has("a"), [(0, vec![0, 1]), (1, vec![0, 1])]);
    assert_eq!(group.has("b"), [(0, vec![2])]);
    assert_eq!(group.has("c"), [(1, vec![2])]);
}

#[test]
fn uneven_wishes_are_levelled_over_topics() {
    // b alone can take topic 1, so all of topic 0 goes to a.
    let mut group = Group::new(&[4, 4], &[("a", &[0]), ("b", &[0, 1])]);
    group.assign(Assignor::Uniform);
    group.check_whole();
    assert_eq!((group.load("a"), group.load("b")), (4, 4));
    // Somebody who comes to a full table gets his share.
    group.members.insert("c".to_string(), Wish { instance: None, topics: [1].into() });
    group.assign(Assignor::Uniform);
    group.check_whole();
    assert!(group.spread() <= 1, "{:?}", group.previous);
}

#[test]
fn a_partition_or_topic_that_is_gone_is_forgotten() {
    for wishes in [&[0, 1][..], &[0][..]] {
        let mut group = Group::new(&[4, 4], &[("a", wishes), ("b", &[0, 1])]);
        group.assign(Assignor::Uniform);
        group.topics = vec![4, 2];
        group.assign(Assignor::Uniform);
        group.check_whole();
        group.members.get_mut("b").unwrap().topics = [0].into();
        group.assign(Assignor::Uniform);
        group.check_whole();
    }
}

#[test]
fn a_thousand_members_on_two_thousand_partitions_are_even() {
    let names: Vec<String> = (0..1000).map(|n| format!("{n:04}")).collect();
    let members: Vec<(&str, &[usize])> = names.iter().map(|n| (n.as_str(), &[0][..])).collect();
    let mut group = Group::new(&[2000], &members);
    group.assign(Assignor::Uniform);
    group.check_whole();
    assert_eq!(group.spread(), 0);
    let before = group.owners();
    group.members.remove("0500");
    group.assign(Assignor::Uniform);
    let moved = group.owners().iter().filter(|(place, owner)| before[place] != **owner).count();
    assert_eq!((moved, group.spread()), (2, 1));
}

/// What happens to a group between two assignments.
#[derive(Debug, Clone)]
enum Change {
    Join(u8, Vec<usize>),
    Leave(u8),
    Grow(usize),
}

fn changes(topics: usize, same: bool) -> impl Strategy<Value = Vec<Change>> {
    let wishes = proptest::sample::subsequence((0..topics).collect::<Vec<_>>(), 1..=topics);
    let all: Vec<usize> = (0..topics).collect();
    let join = (0..12u8, wishes).prop_map(move |(member, wishes)| {
        Change::Join(member, if same { all.clone() } else { wishes })
    });
    let change = prop_oneof![
        3 => join,
        2 => (0..12u8).prop_map(Change::Leave),
        1 => (0..topics).prop_map(Change::Grow),
    ];
    proptest::collection::vec(change, 1..25)
}

fn apply(group: &mut Group, change: Change) {
    match change {
        Change::Join(member, topics) => {
            let wish = Wish { instance: None, topics: topics.into_iter().collect() };
            group.members.insert(format!("m{member:02}"), wish);
        }
        Change::Leave(member) => {
            group.members.remove(&format!("m{member:02}"));
        }
        Change::Grow(topic) => group.topics[topic] += 3,
    }
}

/// The fewest moves that make loads even: what members have above their share, when the larger
/// shares go to those who have the most.
fn fewest_moves(kept: &[usize], partitions: usize) -> usize {
    let mut loads = kept.to_vec();
    loads.sort_unstable_by(|a, b| b.cmp(a));
    let (least, extras) = (partitions / loads.len(), partitions % loads.len());
    let above =
        |(place, load): (usize, &usize)| load.saturating_sub(least + usize::from(place < extras));
    loads.iter().enumerate().map(above).sum()
}

proptest! {
    #[test]
    fn uniform_of_like_members_is_whole_even_and_moves_the_least(
        sizes in proptest::collection::vec(1..9usize, 1..4),
        script in changes(1, true),
    ) {
        let topics = sizes.len();
        let mut group = Group { topics: sizes, ..Group::default() };
        for change in script {
            let change = match change {
                Change::Join(member, _) => Change::Join(member, (0..topics).collect()),
                other => other,
            };
            apply(&mut group, change);
            let before = group.owners();
            group.assign(Assignor::Uniform);
            group.check_whole();
            prop_assert!(group.spread() <= 1);
            if group.members.is_empty() {
                continue;
            }
            let kept: Vec<usize> = group
                .members
                .keys()
                .map(|member| before.values().filter(|owner| *owner == member).count())
                .collect();
            let after = group.owners();
            let stayed = |(place, owner): &(&(Uuid, i32), &String)| after[*place] == **owner;
            let lost = kept.iter().sum::<usize>() - before.iter().filter(stayed).count();
            prop_assert_eq!(lost, fewest_moves(&kept, after.len()));
        }
    }

    #[test]
    fn uniform_of_unlike_members_is_whole_and_level_on_every_topic(
        sizes in proptest::collection::vec(1..9usize, 4),
        script in changes(4, false),
    ) {
        let mut group = Group { topics: sizes, ..Group::default() };
        for change in script {
            apply(&mut group, change);
            group.assign(Assignor::Uniform);
            group.check_whole();
            // No single move of a partition would make two of its topic's subscribers more alike.
            for ((topic, _), owner) in group.owners() {
                let topic = topic.as_u128() as usize - 1;
                let subscribers = group.members.iter().filter(|m| m.1.topics.contains(&topic));
                let least = subscribers.map(|(name, _)| group.load(name)).min().unwrap();
                prop_assert!(group.load(&owner) <= least + 1);
            }
            let before = group.owners();
            group.assign(Assignor::Uniform);
            prop_assert_eq!(group.owners(), before, "nothing changed, nothing moves");
        }
    }

    #[test]
    fn range_is_whole_and_even_on_every_topic(
        sizes in proptest::collection::vec(1..9usize, 4),
        script in changes(4, false),
    ) {
        let mut group = Group { topics: sizes, ..Group::default() };
        for change in script {
            apply(&mut group, change);
            group.assign(Assignor::Range);
            group.check_whole();
            for topic in group.wanted() {
                let of = |name: &String| {
                    let had = group.previous[name].iter().find(|had| had.topic == id(topic));
                    had.map_or(0, |had| had.partitions.len())
                };
                let wishes = group.members.iter().filter(|m| m.1.topics.contains(&topic));
                let loads: Vec<usize> = wishes.map(|(name, _)| of(name)).collect();
                prop_assert!(loads.iter().max().unwrap() - loads.iter().min().unwrap() <= 1);
            }
        }
    }
}
