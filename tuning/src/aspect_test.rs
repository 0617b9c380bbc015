//! What passes, what fails, what would be set.

use super::*;

fn seen(text: &str) -> Seen {
    Seen::of(Ok(text.to_string()))
}

#[test]
fn a_choice_is_what_stands_in_brackets() {
    let found = seen("none [mq-deadline] kyber \n");
    assert_eq!(found.value(), Some("mq-deadline"));
    assert!(found.offers("kyber") && !found.offers("bfq"));
    assert_eq!(seen("write back\n"), Seen::Value("write back".to_string()));
    assert_eq!(Seen::of(Err(io::ErrorKind::NotFound.into())), Seen::Absent);
    assert!(matches!(Seen::of(Err(io::ErrorKind::PermissionDenied.into())), Seen::Hidden(_)));
}

#[test]
fn numbers_are_judged_by_their_first_word() {
    let at_least = Required::AtLeast(4096);
    assert_eq!(judge(&at_least, &seen("4096")), Verdict::Passed);
    assert_eq!(judge(&at_least, &seen("4095")), Verdict::Failed);
    assert_eq!(judge(&at_least, &seen("unlimited (process 12)")), Verdict::Passed);
    assert!(matches!(judge(&at_least, &seen("many")), Verdict::Unseen(_)));
    assert!(matches!(judge(&at_least, &seen("")), Verdict::Unseen(_)));
    assert_eq!(judge(&Required::AtMost(1), &seen("60")), Verdict::Failed);
}

#[test]
fn any_of_several_passes_and_the_first_that_is_offered_is_set() {
    const WORDS: &[&str] = &["tsc", "arch_sys_counter", "kvm-clock"];
    let of = |text| Aspect::file("", "/f", Required::OneOf(WORDS), seen(text));
    assert_eq!(of("tsc [kvm-clock]").verdict(), Verdict::Passed);
    let failed = of("kvm-clock [hpet] tsc");
    assert_eq!(failed.verdict(), Verdict::Failed);
    let Cure::Change(changes) = &failed.cure else { panic!("{failed:?}") };
    assert_eq!(changes[0].to.value, "tsc");
    assert_eq!(failed.required_shown(), "tsc or kvm-clock", "what there is");
    assert_eq!(of("[hpet]").required_shown(), "tsc or arch_sys_counter or kvm-clock");
}

#[test]
fn what_the_kernel_does_not_offer_is_not_set() {
    let required = Required::OneOf(&["none", "mq-deadline"]);
    let offered = Aspect::file("sda", "/f", required.clone(), seen("[bfq] mq-deadline"));
    let Cure::Change(changes) = &offered.cure else { panic!("{offered:?}") };
    assert_eq!(changes[0].to.value, "mq-deadline");
    assert_eq!(changes[0].before.value, "bfq");
    let not_offered = Aspect::file("sda", "/f", required, seen("[bfq] kyber"));
    assert_eq!(not_offered.verdict(), Verdict::Failed);
    assert!(matches!(not_offered.cure, Cure::ByHand(_)));
}

#[test]
fn what_is_not_there_neither_passes_nor_fails() {
    assert_eq!(judge(&Required::AtMost(1), &Seen::Absent), Verdict::NotOffered);
    let hidden = Seen::Hidden("no right".to_string());
    assert_eq!(judge(&Required::AtMost(1), &hidden), Verdict::Unseen("no right".to_string()));
}
