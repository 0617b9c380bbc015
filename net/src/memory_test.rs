//! The memory governor: what it grants, what it makes wait, what it gives back.

use super::*;

#[test]
fn memory_is_granted_up_to_the_limit_and_one_claim_beyond_it() {
    let mut budget = Budget::new(100);
    let (a, b, c) = (budget.claim(), budget.claim(), budget.claim());
    assert_eq!(budget.ask(a, 90), Verdict::Granted);
    assert_eq!(budget.ask(b, 20), Verdict::Granted, "the first beyond the limit is favoured");
    assert_eq!(budget.ask(c, 1), Verdict::Wait);
    assert_eq!(budget.ask(b, 500), Verdict::Granted, "the favoured one goes on");
    assert_eq!(budget.taken(), 610);
}

#[test]
fn favour_lasts_until_the_memory_is_back() {
    let mut budget = Budget::new(100);
    let (a, b, c) = (budget.claim(), budget.claim(), budget.claim());
    assert_eq!(budget.ask(a, 100), Verdict::Granted);
    assert_eq!(budget.ask(b, 50), Verdict::Granted);
    assert_eq!(budget.ask(c, 50), Verdict::Wait);
    assert_eq!(budget.give_back(b, 20), vec![]);
    assert_eq!(budget.give_back(b, 30), vec![c], "c is favoured now");
    assert_eq!(budget.taken(), 150);
}

#[test]
fn those_who_wait_are_served_in_order() {
    let mut budget = Budget::new(100);
    let claims: Vec<Claim> = (0..5).map(|_| budget.claim()).collect();
    assert_eq!(budget.ask(claims[0], 100), Verdict::Granted);
    assert_eq!(budget.ask(claims[1], 10), Verdict::Granted);
    for claim in &claims[2..] {
        assert_eq!(budget.ask(*claim, 40), Verdict::Wait);
    }
    assert_eq!(budget.give_back(claims[0], 100), vec![claims[2], claims[3]]);
    assert_eq!(budget.waiting(), 1);
    assert_eq!(budget.withdraw(claims[4]), vec![]);
    assert_eq!(budget.waiting(), 0);
}

#[test]
fn a_claim_that_gives_up_lets_the_next_one_pass() {
    let mut budget = Budget::new(100);
    let (a, b, c, d) = (budget.claim(), budget.claim(), budget.claim(), budget.claim());
    assert_eq!(budget.ask(a, 90), Verdict::Granted);
    assert_eq!(budget.ask(b, 90), Verdict::Granted);
    assert_eq!(budget.ask(c, 90), Verdict::Wait);
    assert_eq!(budget.ask(d, 5), Verdict::Wait, "no overtaking");
    budget.give_back(a, 90);
    assert_eq!(budget.withdraw(c), vec![d]);
}

#[test]
fn what_is_taken_never_exceeds_the_limit_by_more_than_one_claim() {
    let mut budget = Budget::new(1000);
    let mut held: Vec<(Claim, u64)> = Vec::new();
    let mut asked = Vec::new();
    for round in 0..200u64 {
        let claim = budget.claim();
        let bytes = 1 + (round * 37) % 90;
        asked.push((claim, bytes));
        if budget.ask(claim, bytes) == Verdict::Granted {
            held.push((claim, bytes));
        }
        assert!(budget.taken() <= 1000 + 90);
        if round % 3 == 0 && !held.is_empty() {
            let (claim, bytes) = held.remove(held.len() / 2);
            for granted in budget.give_back(claim, bytes) {
                held.extend(asked.iter().find(|(other, _)| *other == granted));
            }
        }
    }
    while let Some((claim, bytes)) = held.pop() {
        for granted in budget.give_back(claim, bytes) {
            held.extend(asked.iter().find(|(other, _)| *other == granted));
        }
    }
    assert_eq!((budget.taken(), budget.waiting()), (0, 0), "everybody was served");
}

#[test]
fn a_declared_length_alone_gets_no_memory() {
    let sizing = Sizing::default();
    assert_eq!(sizing.chunk(), CHUNK_BYTES_MIN);
    assert_eq!(sizing.grown(100 << 20, 4096), 8192);
    assert_eq!(sizing.grown(100 << 20, 60 << 20), 100 << 20);
    assert_eq!(sizing.grown(5000, 4096), 5000, "never more than the frame");
}

#[test]
fn a_connection_that_completes_large_frames_gets_them_in_one_buffer() {
    let mut sizing = Sizing::default();
    sizing.on_frame(1 << 20);
    assert_eq!(sizing.grown((1 << 20) + 512, 4096), (1 << 20) + 512);
    assert_eq!(sizing.grown(100 << 20, 4096), 8192, "not for a frame out of proportion");
    assert_eq!(sizing.chunk(), CHUNK_BYTES_MAX);
    for _ in 0..200 {
        sizing.on_frame(100);
    }
    assert_eq!(sizing.chunk(), CHUNK_BYTES_MIN, "trust fades");
}
