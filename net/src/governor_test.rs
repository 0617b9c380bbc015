//! The governor: who goes on when, and who is cut.

use super::*;
use crate::memory::SILENCE;
use corelog_engine::runtime::{now, run_here, sleep, spawn, within};

const LARGE: Lane = Lane::Large;
const SMALL: Lane = Lane::Small;

#[test]
fn whoever_waits_goes_on_when_memory_is_given_back() {
    run_here(async {
        let governor = Governor::new(114);
        let first = governor.take(governor.claim(), LARGE, 90).await;
        let second = governor.take(governor.claim(), LARGE, 90).await;
        let waiting = governor.clone();
        let third = spawn(async move {
            let _charge = waiting.take(waiting.claim(), LARGE, 50).await;
        });
        sleep(Duration::from_millis(5)).await;
        assert!(governor.is_short() && !third.is_finished());
        drop(first);
        sleep(Duration::from_millis(5)).await;
        assert!(!third.is_finished(), "one frame beyond the limit is enough");
        drop(second);
        third.finished().await;
        assert_eq!(governor.taken(), 0);
    });
}

#[test]
fn whoever_gives_up_waiting_takes_nothing_with_it() {
    run_here(async {
        let governor = Governor::new(114);
        let first = governor.take(governor.claim(), LARGE, 100).await;
        let second = governor.take(governor.claim(), LARGE, 10).await;
        let soon = now() + Duration::from_millis(5);
        assert!(within(soon, governor.take(governor.claim(), LARGE, 60)).await.is_none());
        assert!(!governor.is_short());
        drop((first, second));
        assert_eq!(governor.taken(), 0);
        assert!(within(now(), governor.take(governor.claim(), LARGE, 60)).await.is_some());
    });
}

#[test]
fn a_silent_frame_is_told_to_go_only_when_somebody_waits_for_memory() {
    run_here(async {
        let governor = Governor::new(114);
        let claim = governor.claim();
        let charge = governor.take(claim, LARGE, 100).await;
        let mut listening = governor.listen(claim, 100);
        let soon = now() + SILENCE + 2 * LOOK;
        assert!(within(soon, &mut listening).await.is_none(), "there is memory");
        let beyond = governor.take(governor.claim(), LARGE, 50).await;
        let waiting = governor.clone();
        let waiter = spawn(async move {
            drop(waiting.take(waiting.claim(), LARGE, 10).await);
        });
        assert!(within(now() + 5 * LOOK, &mut listening).await.is_some());
        drop((listening, charge));
        waiter.finished().await;
        drop(beyond);
        sleep(2 * LOOK).await;
        assert!(!governor.0.borrow().looking, "nobody waits any more");
        assert!(governor.0.borrow().listening.is_empty());
        assert_eq!(governor.taken(), 0);
    });
}

#[test]
fn small_frames_pass_by_large_ones_that_wait() {
    run_here(async {
        let governor = Governor::new(800);
        let large = governor.take(governor.claim(), LARGE, 700).await;
        let beyond = governor.take(governor.claim(), LARGE, 700).await;
        assert!(within(now(), governor.take(governor.claim(), LARGE, 1)).await.is_none());
        let small = within(now(), governor.take(governor.claim(), SMALL, 100)).await;
        assert!(small.is_some());
        drop((large, beyond, small));
        assert_eq!(governor.taken(), 0);
    });
}

#[test]
fn what_is_in_use_counts_even_while_it_waits() {
    run_here(async {
        let governor = Governor::new(80);
        let first = governor.enter(governor.claim(), SMALL, 80).await;
        let beyond = governor.enter(governor.claim(), SMALL, 10).await;
        let waiting = governor.clone();
        let third = spawn(async move {
            drop(waiting.enter(waiting.claim(), SMALL, 10).await);
        });
        sleep(Duration::from_millis(5)).await;
        assert!(governor.is_short());
        assert_eq!(governor.taken(), 100);
        drop(first);
        third.finished().await;
        let given_up = within(now(), governor.enter(governor.claim(), SMALL, 200)).await;
        drop((beyond, given_up));
        assert_eq!(governor.taken(), 0);
    });
}
