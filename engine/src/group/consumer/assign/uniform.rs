//! Uniform, all members wanting the same topics: each gets as many partitions as any other or one
//! more, and a partition moves only when its owner has too many.

use super::owners::Owners;
use super::spec::{Spec, Target};

/// Assigns.
pub(super) fn assign(spec: &Spec<'_>) -> Target {
    let members = spec.members.len();
    if members == 0 {
        return Target::new();
    }
    let mut owners = Owners::none(spec);
    let hungry = keep(&mut owners, members);
    let mut free = 0..owners.partitions();
    for (member, room) in hungry {
        for _ in 0..room {
            let Some(place) = free.find(|place| owners.at(*place).is_none()) else { break };
            owners.give(place, member);
        }
    }
    owners.into_target()
}

/// Lets everybody keep what he may; who has room for more comes back, with how much.
///
/// With `n` partitions for `m` members, `n % m` of them get one more than the others. Those who
/// have one more already are to be these: so a member without it passes it on, as long as enough
/// members come after him.
fn keep(owners: &mut Owners<'_>, members: usize) -> Vec<(usize, usize)> {
    let least = owners.partitions() / members;
    let mut extras = owners.partitions() % members;
    let mut hungry = Vec::new();
    for member in 0..members {
        let mut extra = extras > 0;
        let mut room = least + usize::from(extra);
        let kept: Vec<usize> =
            owners.kept_by(member).filter(|place| owners.at(*place).is_none()).take(room).collect();
        room -= kept.len();
        kept.into_iter().for_each(|place| owners.give(place, member));
        if room > 0 && extra && members - member > extras {
            room -= 1;
            extra = false;
        }
        extras -= usize::from(extra);
        if room > 0 {
            hungry.push((member, room));
        }
    }
    hungry
}
