//! A consumer as the simulation has it: it joins, syncs, sends heartbeats, and forgets everything
//! when it restarts. Pure: what it hears goes in, what it asks comes out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::world_test::{follower, instance, member, protocols};
use crate::group::GroupError;
use crate::group::answer::{Answer, Joined, Synced};
use crate::group::request::{Heartbeat, Join, Leaving, Request, Sync};

/// What the group shares.
pub(super) const PARTITIONS: u8 = 12;
const BEAT: Duration = Duration::from_secs(3);
const BACKOFF: Duration = Duration::from_millis(100);
/// Longer than the join phase may last.
const JOIN_TIMEOUT: Duration = Duration::from_secs(75);
const TIMEOUT: Duration = Duration::from_secs(8);

/// A consumer.
#[derive(Debug)]
pub(super) struct Client {
    instance: Option<Arc<str>>,
    /// It speaks a version that has no round for the id.
    older: bool,
    member: Arc<str>,
    joined: Option<Joined>,
    /// What it was given.
    pub(super) owns: Option<BTreeSet<u8>>,
    pub(super) alive: bool,
}

/// What a client does next.
#[derive(Debug)]
pub(super) enum Next {
    /// Asks, and asks again if it has heard nothing for so long.
    Ask(Request, Duration),
    /// Nothing, for so long.
    Wait(Duration),
}

impl Client {
    /// Every third is static, every fourth is old.
    pub(super) fn new(number: usize) -> Client {
        Client {
            instance: number.is_multiple_of(3).then(|| Arc::from(format!("i{number}"))),
            older: number % 4 == 1,
            member: Arc::default(),
            joined: None,
            owns: None,
            alive: true,
        }
    }

    pub(super) fn restart(&mut self) {
        self.alive = true;
        self.reset(true);
    }

    pub(super) fn generation(&self) -> Option<i32> {
        self.joined.as_ref().map(|joined| joined.generation)
    }

    pub(super) fn leaving(&self) -> Request {
        let member_id = Arc::clone(&self.member);
        let instance_id = self.instance.clone();
        Request::Leave(vec![Leaving { member_id, instance_id, reason: None }])
    }

    /// What it does when it is time.
    pub(super) fn next(&self) -> Next {
        match (&self.joined, &self.owns) {
            (None, _) => Next::Ask(Request::Join(self.join()), JOIN_TIMEOUT),
            (Some(joined), None) => Next::Ask(Request::Sync(self.sync(joined)), TIMEOUT),
            (Some(joined), Some(_)) => {
                let beat = Heartbeat {
                    member_id: Arc::clone(&self.member),
                    instance_id: self.instance.clone(),
                    generation: joined.generation,
                };
                Next::Ask(Request::Heartbeat(beat), TIMEOUT)
            }
        }
    }

    /// It heard nothing: what it joined may be gone.
    pub(super) fn timed_out(&mut self) {
        if self.owns.is_none() {
            self.joined = None;
        }
    }

    /// Takes an answer in.
    pub(super) fn hear(&mut self, answer: &Answer) -> Next {
        match answer {
            Answer::Join(joined) => match &joined.error {
                None => {
                    self.member = Arc::clone(&joined.member_id);
                    self.joined = Some(joined.clone());
                    self.next()
                }
                Some(GroupError::MemberIdRequired) => {
                    self.member = Arc::clone(&joined.member_id);
                    self.next()
                }
                Some(error) => self.failed(error),
            },
            Answer::Sync(Ok(synced)) => {
                self.owns = Some(owned(synced));
                Next::Wait(BEAT)
            }
            Answer::Heartbeat(Ok(())) => Next::Wait(BEAT),
            Answer::Sync(Err(error)) | Answer::Heartbeat(Err(error)) => self.failed(error),
            other => panic!("not asked: {other:?}"),
        }
    }

    fn failed(&mut self, error: &GroupError) -> Next {
        match error {
            GroupError::UnknownMemberId => self.reset(true),
            GroupError::IllegalGeneration | GroupError::RebalanceInProgress => self.reset(false),
            GroupError::FencedInstanceId => {
                self.reset(true);
                self.alive = false;
            }
            other => panic!("{self:?} heard {other:?}"),
        }
        Next::Wait(BACKOFF)
    }

    fn reset(&mut self, forget: bool) {
        self.joined = None;
        self.owns = None;
        if forget {
            self.member = Arc::default();
        }
    }

    fn join(&self) -> Join {
        let join = match &self.instance {
            Some(name) => instance(&self.member, name),
            None => member(&self.member),
        };
        let names = if self.older { ["range", "sticky"] } else { ["sticky", "range"] };
        Join {
            protocols: protocols(&names),
            requires_known_member_id: !self.older,
            supports_skipping_assignment: !self.older,
            ..join
        }
    }

    fn sync(&self, joined: &Joined) -> Sync {
        let mut assignments: Vec<(Arc<str>, Vec<u8>)> = Vec::new();
        if !joined.skip_assignment {
            let members = joined.members.iter();
            assignments.extend(members.map(|one| (Arc::clone(&one.member_id), Vec::new())));
        }
        // Now and then somebody is left out.
        let members = assignments.len();
        if members > 1 && joined.generation % 4 == 0 {
            assignments.remove(joined.generation as usize / 4 % members);
        }
        let members = assignments.len();
        for partition in (0..PARTITIONS).take(if members == 0 { 0 } else { usize::MAX }) {
            assignments[usize::from(partition) % members].1.push(partition);
        }
        let assignments = assignments.into_iter().map(|(id, owns)| (id, Bytes::from(owns)));
        Sync {
            instance_id: self.instance.clone(),
            assignments: assignments.collect(),
            ..follower(joined)
        }
    }
}

/// The partitions in an assignment.
pub(super) fn owned(synced: &Synced) -> BTreeSet<u8> {
    synced.assignment.iter().copied().collect()
}
