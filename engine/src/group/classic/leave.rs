//! LeaveGroup: members go by their own will, or an administrator sends a static one away.

use std::sync::Arc;

use super::group::ClassicGroup;
use super::state::ClassicState;
use super::step::Step;
use crate::group::answer::{Answer, Left};
use crate::group::request::Leaving;
use crate::group::{Context, Effects, GroupError, Token};

impl ClassicGroup {
    /// LeaveGroup; every member is answered for itself, and one rebalance follows for all.
    pub fn leave(&mut self, context: &mut Context, from: Token, leaving: &[Leaving]) -> Effects {
        let mut step = Step::new(context);
        if self.state == ClassicState::Dead {
            step.answer(from, Answer::Leave(Err(GroupError::CoordinatorNotAvailable)));
            return step.finish();
        }
        let mut left = Vec::new();
        for one in leaving {
            left.push(Left {
                member_id: Arc::clone(&one.member_id),
                instance_id: one.instance_id.clone(),
                error: self.leave_one(&mut step, one).err(),
            });
        }
        if left.iter().any(|left| left.error.is_none()) {
            match self.state {
                ClassicState::Stable | ClassicState::CompletingRebalance => {
                    self.prepare_rebalance(&mut step);
                }
                _ => self.maybe_complete_join(&mut step),
            }
        }
        step.answer(from, Answer::Leave(Ok(left)));
        step.finish()
    }

    fn leave_one(&mut self, step: &mut Step, leaving: &Leaving) -> Result<(), GroupError> {
        let member_id = if leaving.member_id.is_empty() {
            let of_instance = leaving.instance_id.as_ref().and_then(|instance_id| {
                self.members.of_instance(instance_id) // whoever it is now
            });
            Arc::clone(of_instance.ok_or(GroupError::UnknownMemberId)?)
        } else {
            if !self.pending.contains(&leaving.member_id) {
                self.members.check(&leaving.member_id, leaving.instance_id.as_ref())?;
            }
            Arc::clone(&leaving.member_id)
        };
        self.remove(step, &member_id);
        Ok(())
    }
}
