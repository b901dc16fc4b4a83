//! Any split of the same observations into batches gives the same bytes, also across a restart.

use foresail_core::{ChangeKind, ContainerState, PodPhase};
use foresail_engine::State;
use proptest::prelude::*;

use crate::history::{History, at, ended, pod, restarted, unready, waiting};

/// One step of a pod's life.
#[derive(Clone, Copy, Debug)]
enum Step {
    Ready,
    NotReady,
    Exit(i32),
    OomKill,
    BackOff,
    ProbeKill,
    Evicted,
    DeletionAsked,
    Gone,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Ready),
        Just(Step::NotReady),
        (0..3).prop_map(Step::Exit),
        Just(Step::OomKill),
        Just(Step::BackOff),
        Just(Step::ProbeKill),
        Just(Step::Evicted),
        Just(Step::DeletionAsked),
        Just(Step::Gone),
    ]
}

/// Steps with the half seconds since the step before, and how late each is observed.
fn steps() -> impl Strategy<Value = Vec<(Step, u16, u8)>> {
    prop::collection::vec((step(), 0..120_u16, 0..6_u8), 1..24)
}

fn history(steps: &[(Step, u16, u8)]) -> History {
    let mut history = History::of_a_ready_pod();
    let (mut t, mut restarts, mut asked) = (40.0, 0, false);
    for (step, wait, late) in steps {
        t += f64::from(*wait) / 2.0;
        let happened = t - f64::from(*late);
        let mut status = pod("cart-1-a", "u1");
        let mut change = ChangeKind::Modified;
        match step {
            Step::Ready => {}
            Step::NotReady => status = unready(happened),
            Step::Exit(code) => {
                restarts += 1;
                status = restarted(restarts, ended(*code, "Error", happened));
            }
            Step::OomKill => {
                restarts += 1;
                status = restarted(restarts, ended(137, "OOMKilled", happened));
            }
            Step::BackOff => {
                status = unready(happened);
                status.containers[0].state = Some(waiting("CrashLoopBackOff"));
            }
            Step::ProbeKill => {
                let message = "Container app failed liveness probe, will be restarted";
                history.event(t, happened, ("Killing", message));
                continue;
            }
            Step::Evicted => {
                status.phase = PodPhase::Failed;
                status.reason = Some("Evicted".to_owned());
            }
            Step::DeletionAsked => asked = true,
            Step::Gone => change = ChangeKind::Deleted,
        }
        if asked {
            status.deletion_requested_at = Some(at(t));
        }
        if matches!(status.containers[0].state, Some(ContainerState::Running { .. })) {
            status.containers[0].restarts = restarts;
        }
        history.pod(t, change, status);
        if change == ChangeKind::Deleted {
            break;
        }
    }
    history
}

fn bytes(state: &State) -> Vec<u8> {
    let mut bytes = rmp_serde::to_vec(state.ledger()).unwrap();
    bytes.extend(rmp_serde::to_vec(state.graph()).unwrap());
    bytes
}

proptest! {
    #[test]
    fn any_split_into_batches_gives_the_same_bytes(
        steps in steps(),
        cuts in prop::collection::btree_set(0..4_000_u16, 0..30),
    ) {
        let history = history(&steps);
        let ends: Vec<f64> = cuts.iter().map(|cut| f64::from(*cut) / 2.0).collect();
        let whole = history.state(&[], 4_000.0);
        let split = history.state(&ends, 4_000.0);
        prop_assert_eq!(bytes(&whole), bytes(&split));
    }

    #[test]
    fn a_state_stored_and_read_back_goes_on_as_if_nothing_had_happened(
        steps in steps(),
        cut in 0..2_000_u16,
    ) {
        let history = history(&steps);
        let stored = rmp_serde::to_vec(&history.state(&[], f64::from(cut) / 2.0)).unwrap();
        let mut restored: State = rmp_serde::from_slice(&stored).unwrap();
        history.observe_into(&mut restored, 4_000.0);
        prop_assert_eq!(bytes(&history.state(&[], 4_000.0)), bytes(&restored));
    }

    #[test]
    fn every_incident_has_one_primary_and_facts_settle_after_they_occur(steps in steps()) {
        let outcomes = history(&steps).outcomes(4_000.0);
        let incidents: std::collections::BTreeSet<u32> =
            outcomes.iter().map(|outcome| outcome.incident).collect();
        for incident in incidents {
            let primaries =
                outcomes.iter().filter(|o| o.incident == incident && o.primary).count();
            prop_assert_eq!(primaries, 1);
        }
        for outcome in &outcomes {
            prop_assert!(outcome.settled_at >= outcome.occurred_at);
            prop_assert!(!outcome.facts.is_empty());
        }
    }
}
