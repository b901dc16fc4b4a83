//! The named failures: facts of the Kubernetes API, never thresholds of the features.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::time::FaultDuration;

/// How a failure kind is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KindClass {
    /// A fact of the Kubernetes API; counts in the headline.
    ApiFact,
    /// Follows a change within seconds; judged as a check.
    Change,
    /// Defined by a metric; reported apart.
    Metric,
}

macro_rules! kinds {
    ($($name:ident, $text:literal, $class:ident, $lead:literal, $phrase:literal, $doc:literal;)*) => {
        /// A named failure. The order is the order in which simultaneous outcomes become primary.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum FailureKind { $(#[doc = $doc] $name),* }

        impl FailureKind {
            /// Every kind, in the order of precedence.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable snake_case name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// How it is judged.
            #[must_use]
            pub const fn class(self) -> KindClass {
                match self { $(Self::$name => KindClass::$class),* }
            }

            /// The least lead that makes a prediction useful (`L_min`), in fault time.
            #[must_use]
            pub const fn minimum_lead(self) -> FaultDuration {
                match self { $(Self::$name => FaultDuration::from_minutes($lead)),* }
            }

            /// What happens, as the predicate of a sentence ("will be OOM-killed").
            #[must_use]
            pub const fn phrase(self) -> &'static str {
                match self { $(Self::$name => $phrase),* }
            }
        }
    };
}

impl FailureKind {
    /// The longest time that an alarm may look ahead (`H_max`), in fault time: 100 min; 12 h until a
    /// volume is full, 30 days until something expires.
    #[must_use]
    pub const fn longest_horizon(self) -> FaultDuration {
        match self {
            Self::VolumeFull => FaultDuration::from_minutes(720.0),
            Self::Expiry => FaultDuration::from_minutes(43_200.0),
            Self::OomKilled
            | Self::Evicted
            | Self::LivenessKill
            | Self::ErrorExit
            | Self::StartFailure
            | Self::Unschedulable
            | Self::JobFailed
            | Self::CrashLoop
            | Self::NotReady
            | Self::RolloutStuck
            | Self::NodeNotReady
            | Self::NodePressure
            | Self::Network
            | Self::SloBurn
            | Self::ControlPlane => FaultDuration::from_minutes(100.0),
        }
    }
}

kinds! {
    OomKilled, "oom_killed", ApiFact, 10.0, "will be OOM-killed", "A container terminated with reason `OOMKilled`.";
    Evicted, "evicted", ApiFact, 15.0, "will be evicted", "A pod evicted by the kubelet or for its storage use.";
    LivenessKill, "liveness_kill", ApiFact, 5.0, "will be killed by its liveness probe", "A container killed for a failed liveness or startup probe.";
    ErrorExit, "error_exit", ApiFact, 5.0, "will exit with an error", "A container that ended with a non-zero exit code of its own.";
    StartFailure, "start_failure", Change, 0.0, "cannot start", "A container that cannot be created or started.";
    Unschedulable, "unschedulable", Change, 0.0, "cannot be scheduled", "A pod that fits on no node for 60 s.";
    JobFailed, "job_failed", ApiFact, 5.0, "will fail as a Job", "A Job with condition Failed.";
    CrashLoop, "crash_loop", ApiFact, 5.0, "will crash-loop", "A container in `CrashLoopBackOff` or that ended abnormally three times in 15 min.";
    NotReady, "not_ready", ApiFact, 5.0, "will lose readiness", "A pod that had been Ready and is not for 30 s.";
    RolloutStuck, "rollout_stuck", ApiFact, 5.0, "will not finish its rollout", "A rollout past its progress deadline.";
    NodeNotReady, "node_not_ready", ApiFact, 10.0, "will become not Ready", "A node not Ready for 40 s.";
    NodePressure, "node_pressure", ApiFact, 10.0, "will come under pressure", "A node with a pressure condition.";
    Network, "network", ApiFact, 10.0, "will lose its network", "A node without network, or sandboxes that cannot be created for 30 s.";
    SloBurn, "slo_burn", Metric, 10.0, "will burn its error budget", "An error budget that burns 14.4 times too fast.";
    VolumeFull, "volume_full", Metric, 60.0, "will run full", "A volume with less than 1 % left.";
    ControlPlane, "control_plane", Metric, 15.0, "will fail", "An API server or etcd that fails.";
    Expiry, "expiry", Metric, 1440.0, "will expire", "A certificate, quota or table that runs out.";
}

/// A text that names no failure kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no failure kind")]
pub struct UnknownFailureKind(String);

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for FailureKind {
    type Err = UnknownFailureKind;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownFailureKind(text.to_owned()))
    }
}
