//! One member's way to its target, state by state.

use super::*;
use crate::group::consumer::owned::dated;

const T: Uuid = Uuid::from_u128(1);
const U: Uuid = Uuid::from_u128(2);

fn set(topic: Uuid, partitions: &[i32]) -> TopicPartitions {
    TopicPartitions { topic, partitions: partitions.to_vec() }
}

fn stable(epoch: i32, assigned: &[TopicPartitions]) -> CurrentValue {
    CurrentValue {
        member_epoch: epoch,
        previous_member_epoch: epoch - 1,
        state: 0,
        assigned: dated(assigned, epoch),
        revoking: Vec::new(),
    }
}

struct Case<'a> {
    target_epoch: i32,
    target: &'a [TopicPartitions],
    resubscribed: bool,
    owned: Option<&'a [TopicPartitions]>,
    wants: &'a [Uuid],
    held: &'a [(Uuid, i32)],
}

impl Case<'_> {
    fn next(&self, has: &CurrentValue) -> Option<CurrentValue> {
        let reconcile = Reconcile {
            target_epoch: self.target_epoch,
            target: self.target,
            resubscribed: self.resubscribed,
            owned: self.owned,
            subscribes: |topic| self.wants.contains(&topic),
            is_free: |topic, partition| !self.held.contains(&(topic, partition)),
        };
        reconcile.next(has)
    }
}

const CASE: Case<'static> = Case {
    target_epoch: 5,
    target: &[],
    resubscribed: false,
    owned: None,
    wants: &[T, U],
    held: &[],
};

#[test]
fn a_member_that_has_all_stays_as_it_is() {
    let case = Case { target: &[set(T, &[0])], ..CASE };
    assert_eq!(case.next(&stable(5, &[set(T, &[0])])), None);
}

#[test]
fn what_is_free_is_given_at_once() {
    let case = Case { target: &[set(T, &[0, 1])], ..CASE };
    let next = case.next(&stable(4, &[set(T, &[0])])).unwrap();
    assert_eq!((next.member_epoch, next.previous_member_epoch, next.state), (5, 4, 0));
    // Partition 0 it has had since epoch 4.
    assert_eq!(next.assigned, [OwnedPartitions { topic: T, partitions: vec![(0, 4), (1, 5)] }]);
}

#[test]
fn what_others_hold_is_waited_for_in_the_new_epoch() {
    let case = Case { target: &[set(T, &[0, 1])], held: &[(T, 1)], ..CASE };
    let waiting = case.next(&stable(4, &[set(T, &[0])])).unwrap();
    assert_eq!((waiting.member_epoch, waiting.state), (5, 2));
    assert_eq!(waiting.assigned, dated(&[set(T, &[0])], 4));
    // Nothing changes but the epoch it was in before, as in Kafka.
    let still = case.next(&waiting).unwrap();
    assert_eq!(still, CurrentValue { previous_member_epoch: 5, ..waiting.clone() });
    assert_eq!(case.next(&still), None);
    let freed = Case { held: &[], ..case }.next(&still).unwrap();
    assert_eq!((freed.member_epoch, freed.state), (5, 0));
    assert_eq!(freed.assigned, [OwnedPartitions { topic: T, partitions: vec![(0, 4), (1, 5)] }]);
}

#[test]
fn what_is_to_go_holds_the_member_in_its_epoch_until_it_says_that_it_is_gone() {
    let case = Case { target: &[set(T, &[0])], ..CASE };
    let told = case.next(&stable(4, &[set(T, &[0, 1])])).unwrap();
    assert_eq!((told.member_epoch, told.previous_member_epoch, told.state), (4, 4, 1));
    assert_eq!(told.assigned, dated(&[set(T, &[0])], 4));
    assert_eq!(told.revoking, dated(&[set(T, &[1])], 4));
    // Silence, and owning it still, mean no.
    assert_eq!(case.next(&told), None);
    let owned = [set(U, &[7]), set(T, &[1])];
    assert_eq!(Case { owned: Some(&owned), ..case }.next(&told), None);
    let owned = [set(T, &[0])];
    let done = Case { owned: Some(&owned), ..case }.next(&told).unwrap();
    assert_eq!((done.member_epoch, done.state), (5, 0));
    assert_eq!((done.assigned, done.revoking), (dated(&[set(T, &[0])], 4), Vec::new()));
}

#[test]
fn a_member_that_owns_nothing_goes_straight_on() {
    let case = Case { target: &[set(T, &[2])], owned: Some(&[]), ..CASE };
    let next = case.next(&stable(4, &[set(T, &[0, 1])])).unwrap();
    assert_eq!((next.member_epoch, next.state), (5, 0));
    assert_eq!(next.assigned, dated(&[set(T, &[2])], 5));
}

#[test]
fn what_it_was_giving_up_it_may_keep_when_the_target_has_it_again() {
    let told = CurrentValue {
        state: 1,
        assigned: Vec::new(),
        revoking: dated(&[set(T, &[1])], 4),
        ..stable(4, &[])
    };
    // It holds the partition itself, so to the group it is not free.
    let case = Case { target: &[set(T, &[1])], owned: Some(&[]), held: &[(T, 1)], ..CASE };
    let next = case.next(&told).unwrap();
    assert_eq!((next.state, next.assigned), (0, dated(&[set(T, &[1])], 5)));
}

#[test]
fn topics_it_left_go_at_once_whatever_the_target_says() {
    let target = [set(T, &[0]), set(U, &[0])];
    let has = stable(5, &target);
    let case = Case { target: &target, wants: &[U], resubscribed: true, ..CASE };
    let told = case.next(&has).unwrap();
    assert_eq!((told.member_epoch, told.state), (5, 1));
    assert_eq!(told.assigned, dated(&[set(U, &[0])], 5));
    assert_eq!(told.revoking, dated(&[set(T, &[0])], 5));
    // It gave them up before it asked.
    let owned = [set(U, &[0])];
    let done = Case { owned: Some(&owned), ..case }.next(&has).unwrap();
    assert_eq!((done.state, done.revoking.len()), (0, 0));
    assert_eq!(done.assigned, dated(&[set(U, &[0])], 5));
    // Not even a newer target brings them back before it is made without them.
    let newer = Case { target_epoch: 6, resubscribed: false, owned: Some(&owned), ..case };
    let next = newer.next(&done).unwrap();
    assert_eq!((next.member_epoch, next.assigned), (6, dated(&[set(U, &[0])], 5)));
}

#[test]
fn more_may_have_to_go_while_something_is_going() {
    let told = CurrentValue {
        state: 1,
        assigned: dated(&[set(T, &[0]), set(U, &[0])], 4),
        revoking: dated(&[set(T, &[1])], 3),
        ..stable(4, &[])
    };
    let case = Case { target: &[], wants: &[U], resubscribed: true, ..CASE };
    let next = case.next(&told).unwrap();
    assert_eq!((next.state, next.assigned), (1, dated(&[set(U, &[0])], 4)));
    let revoking = [OwnedPartitions { topic: T, partitions: vec![(0, 4), (1, 3)] }];
    assert_eq!(next.revoking, revoking);
}

#[test]
fn a_state_of_the_future_is_left_by_rejoining() {
    let has = CurrentValue { state: 77, ..stable(4, &[set(T, &[0])]) };
    let case = Case { target: &[set(T, &[0])], owned: Some(&[]), ..CASE };
    let next = case.next(&has).unwrap();
    assert_eq!((next.member_epoch, next.state), (5, 0));
}

#[test]
fn an_answer_was_lost_only_if_nothing_else_is_owned() {
    let has = stable(5, &[set(T, &[0, 1])]);
    assert!(owns_what_it_was_given(Some(&[]), &has));
    assert!(owns_what_it_was_given(Some(&[set(T, &[1])]), &has));
    assert!(!owns_what_it_was_given(None, &has));
    assert!(!owns_what_it_was_given(Some(&[set(T, &[1, 2])]), &has));
    assert!(!owns_what_it_was_given(Some(&[set(U, &[])]), &has));
}

#[test]
fn a_member_waits_for_others_as_long_as_they_hold_what_it_lacks() {
    let has = CurrentValue { state: 2, ..stable(5, &[set(T, &[0])]) };
    let target = [set(T, &[0, 1])];
    assert!(waits_for_others(&has, &target, |_, _| false));
    assert!(!waits_for_others(&has, &target, |_, _| true));
    assert!(!waits_for_others(&stable(5, &[]), &target, |_, _| false));
}
