//! The issues that can be simulated.

use std::fmt;
use std::str::FromStr;

use super::SettingsError;

/// The class of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IssueType {
    /// No issue, whatever else goes on.
    Normal,
    /// Containers exit with an error again and again.
    PodCrash,
    /// Memory grows until the collector has no room left.
    MemoryLeak,
    /// Packets take long or are lost on the way.
    NetworkLatency,
    /// The kernel kills containers at their memory limit.
    OomKill,
    /// The CPU quota is too small for the work.
    CpuThrottling,
    /// Names resolve slowly or not at all.
    DnsFailure,
    /// The disk of the node fills.
    DiskPressure,
    /// Images cannot be pulled, so new pods do not start.
    ImagePullFailure,
    /// etcd commits slowly, and with it everything that asks the API server.
    EtcdSlow,
    /// The node's kubelet stops answering.
    NodeNotReady,
    /// All connections of a pool are taken.
    ConnectionPoolExhaustion,
    /// Threads are started and never end.
    ThreadLeak,
    /// A probe fails although the container works.
    ProbeMisconfiguration,
    /// Retries multiply the requests that fail.
    RetryStorm,
    /// A certificate expires: one client after the other is refused.
    CertificateExpiry,
    /// The node runs short of memory and evicts pods.
    PodEviction,
    /// Pods wait for the scheduler.
    SchedulerBacklog,
}

/// Who suffers together from one issue, the most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    Cluster,
    Node,
    Workload,
}

// === impl IssueType ===

impl IssueType {
    /// Every class, `normal` first.
    pub const ALL: [Self; 18] = [
        Self::Normal,
        Self::PodCrash,
        Self::MemoryLeak,
        Self::NetworkLatency,
        Self::OomKill,
        Self::CpuThrottling,
        Self::DnsFailure,
        Self::DiskPressure,
        Self::ImagePullFailure,
        Self::EtcdSlow,
        Self::NodeNotReady,
        Self::ConnectionPoolExhaustion,
        Self::ThreadLeak,
        Self::ProbeMisconfiguration,
        Self::RetryStorm,
        Self::CertificateExpiry,
        Self::PodEviction,
        Self::SchedulerBacklog,
    ];

    /// The text in the column `issue_type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::PodCrash => "pod_crash",
            Self::MemoryLeak => "memory_leak",
            Self::NetworkLatency => "network_latency",
            Self::OomKill => "oom_kill",
            Self::CpuThrottling => "cpu_throttling",
            Self::DnsFailure => "dns_failure",
            Self::DiskPressure => "disk_pressure",
            Self::ImagePullFailure => "image_pull_failure",
            Self::EtcdSlow => "etcd_slow",
            Self::NodeNotReady => "node_not_ready",
            Self::ConnectionPoolExhaustion => "connection_pool_exhaustion",
            Self::ThreadLeak => "thread_leak",
            Self::ProbeMisconfiguration => "probe_misconfiguration",
            Self::RetryStorm => "retry_storm",
            Self::CertificateExpiry => "certificate_expiry",
            Self::PodEviction => "pod_eviction",
            Self::SchedulerBacklog => "scheduler_backlog",
        }
    }

    /// What happens, in a sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Normal => "No issue, whatever else goes on.",
            Self::PodCrash => "Containers exit with an error again and again.",
            Self::MemoryLeak => "Memory grows until the collector has no room left.",
            Self::NetworkLatency => "Packets take long or are lost on the way.",
            Self::OomKill => "The kernel kills containers at their memory limit.",
            Self::CpuThrottling => "The CPU quota is too small for the work.",
            Self::DnsFailure => "Names resolve slowly or not at all.",
            Self::DiskPressure => "The disk of the node fills.",
            Self::ImagePullFailure => "Images cannot be pulled, so new pods do not start.",
            Self::EtcdSlow => {
                "etcd commits slowly, and with it everything that asks the API server."
            }
            Self::NodeNotReady => "The node's kubelet stops answering.",
            Self::ConnectionPoolExhaustion => "All connections of a pool are taken.",
            Self::ThreadLeak => "Threads are started and never end.",
            Self::ProbeMisconfiguration => "A probe fails although the container works.",
            Self::RetryStorm => "Retries multiply the requests that fail.",
            Self::CertificateExpiry => {
                "A certificate expires: one client after the other is refused."
            }
            Self::PodEviction => "The node runs short of memory and evicts pods.",
            Self::SchedulerBacklog => "Pods wait for the scheduler.",
        }
    }

    /// Issues that often come with it, as a consequence or from the same cause.
    pub(super) const fn complications(self) -> &'static [Self] {
        match self {
            Self::Normal => &[],
            Self::PodCrash => {
                &[Self::MemoryLeak, Self::NetworkLatency, Self::ConnectionPoolExhaustion]
            }
            Self::MemoryLeak => &[Self::ThreadLeak, Self::PodCrash, Self::CpuThrottling],
            Self::NetworkLatency => &[Self::DnsFailure, Self::PodCrash, Self::RetryStorm],
            Self::OomKill => &[Self::PodCrash, Self::MemoryLeak, Self::CpuThrottling],
            Self::CpuThrottling => &[Self::ProbeMisconfiguration, Self::RetryStorm],
            Self::DnsFailure => &[Self::NetworkLatency, Self::RetryStorm, Self::ImagePullFailure],
            Self::DiskPressure => &[Self::PodEviction, Self::ImagePullFailure],
            Self::ImagePullFailure => {
                &[Self::DnsFailure, Self::DiskPressure, Self::SchedulerBacklog]
            }
            Self::EtcdSlow => &[Self::SchedulerBacklog],
            Self::NodeNotReady => &[Self::PodEviction, Self::NetworkLatency, Self::DiskPressure],
            Self::ConnectionPoolExhaustion => {
                &[Self::RetryStorm, Self::NetworkLatency, Self::ThreadLeak]
            }
            Self::ThreadLeak => &[Self::MemoryLeak, Self::ConnectionPoolExhaustion],
            Self::ProbeMisconfiguration => &[Self::PodCrash],
            Self::RetryStorm => {
                &[Self::CpuThrottling, Self::ConnectionPoolExhaustion, Self::NetworkLatency]
            }
            Self::CertificateExpiry => &[Self::RetryStorm, Self::PodCrash],
            Self::PodEviction => &[Self::OomKill, Self::NodeNotReady, Self::DiskPressure],
            Self::SchedulerBacklog => &[Self::EtcdSlow, Self::ImagePullFailure],
        }
    }

    pub(super) const fn scope(self) -> Scope {
        match self {
            Self::EtcdSlow | Self::SchedulerBacklog | Self::DnsFailure => Scope::Cluster,
            Self::DiskPressure | Self::NodeNotReady | Self::PodEviction => Scope::Node,
            Self::Normal
            | Self::PodCrash
            | Self::MemoryLeak
            | Self::NetworkLatency
            | Self::OomKill
            | Self::CpuThrottling
            | Self::ImagePullFailure
            | Self::ConnectionPoolExhaustion
            | Self::ThreadLeak
            | Self::ProbeMisconfiguration
            | Self::RetryStorm
            | Self::CertificateExpiry => Scope::Workload,
        }
    }
}

impl fmt::Display for IssueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for IssueType {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        Self::ALL
            .into_iter()
            .find(|issue| issue.as_str() == text)
            .ok_or_else(|| SettingsError::UnknownIssue { found: text.to_owned() })
    }
}

// === impl Scope ===

impl Scope {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Workload => "workload",
            Self::Node => "node",
            Self::Cluster => "cluster",
        }
    }
}
