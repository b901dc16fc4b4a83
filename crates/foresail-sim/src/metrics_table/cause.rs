//! What an event changes at the root. Everything that is measured follows from here by the
//! mechanics, so that two events with a cause in common look alike.

use super::issue::IssueType;
use super::schedule::{Episode, Event};

/// Exponent from severity to effect.
const ABSORBED: f64 = 1.7;

/// How strong a complication is beside the issue that it comes with.
const COMPLICATION: f64 = 0.45;

/// Changes at the root, 0 where nothing is changed, about 1 where an issue is at its worst.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Causes {
    /// Logarithm of the factor on the requests of users.
    pub load: f64,
    /// Memory that is never given back, as a share of what is free.
    pub leak: f64,
    /// Memory of caches, as a share of the limit.
    pub cache: f64,
    /// Memory of single requests that ask for too much.
    pub memory_peaks: f64,
    /// Work beside the requests, as a share of the CPU limit.
    pub work: f64,
    /// Quota taken away.
    pub quota_cut: f64,
    /// Containers that exit with an error.
    pub crash: f64,
    pub network_delay: f64,
    pub packet_loss: f64,
    pub dns: f64,
    /// Disk of the node, as a share of what is free.
    pub disk_fill: f64,
    pub disk_traffic: f64,
    pub image_pull: f64,
    pub etcd: f64,
    pub scheduler: f64,
    pub node_loss: f64,
    /// Memory of the node, as a share of what is free.
    pub node_memory: f64,
    pub connections: f64,
    pub threads: f64,
    pub probe: f64,
    pub retries: f64,
    pub tls: f64,
    /// Pods being replaced.
    pub rollout: f64,
}

// === impl Causes ===

impl Causes {
    /// What all episodes of a workload change at a time.
    pub(super) fn at(episodes: &[Episode], time: f64) -> Self {
        let mut causes = Self::default();
        for episode in episodes {
            let strength = episode.strength(time);
            if strength > 0.0 {
                causes.add(episode, strength);
            }
        }
        causes
    }

    fn add(&mut self, episode: &Episode, s: f64) {
        let [main, second, third, fourth] = episode.style;
        match episode.event {
            Event::Issue(issue) | Event::Rumble(issue) => {
                // Small trouble is mostly absorbed: reserves, retries and replicas hide it.
                let s = 1.1 * libm::pow(s, ABSORBED);
                self.add_issue(issue, s, episode.style);
                if let Some(also) = episode.complication {
                    self.add_issue(also, COMPLICATION * s, episode.style);
                }
            }
            Event::TrafficPeak => {
                self.load += 0.9 * s * main;
                self.cache += 0.05 * s * second;
                self.retries += 0.06 * s * third;
            }
            Event::BatchJob => {
                self.work += 0.4 * s * main;
                self.disk_traffic += 0.3 * s * second;
                self.memory_peaks += 0.12 * s * third;
                self.threads += 0.12 * s * fourth;
                self.connections += 0.15 * s;
            }
            Event::Rollout => {
                self.rollout += s * main;
                self.work += 0.15 * s * second;
                self.image_pull += 0.05 * s * third;
                self.crash += 0.15 * s * fourth;
            }
            Event::CacheFill => {
                self.leak += 0.45 * s * main;
                self.cache += 0.12 * s * second;
                self.disk_traffic += 0.15 * s * third;
            }
            Event::Backup => {
                self.disk_traffic += 0.45 * s * main;
                self.network_delay += 0.12 * s * second;
                self.disk_fill += 0.25 * s * third;
                self.etcd += 0.06 * s * fourth;
            }
            Event::NoisyNeighbour => {
                self.network_delay += 0.25 * s * main;
                self.packet_loss += 0.25 * s * second;
                self.quota_cut += 0.2 * s * third;
                self.disk_traffic += 0.2 * s * fourth;
                self.retries += 0.05 * s;
            }
        }
    }

    fn add_issue(&mut self, issue: IssueType, s: f64, style: [f64; 4]) {
        let [main, second, third, fourth] = style;
        match issue {
            IssueType::Normal => {}
            IssueType::PodCrash => {
                self.crash += s * main;
                self.leak += 0.25 * s * s * second;
                self.work += 0.12 * s * third;
                self.retries += 0.12 * s * fourth;
            }
            IssueType::MemoryLeak => {
                self.leak += 0.92 * s * main.clamp(0.9, 1.08);
                self.threads += 0.08 * s * second;
                self.crash += 0.05 * s * s * third;
            }
            IssueType::NetworkLatency => {
                self.network_delay += s * main;
                self.packet_loss += 0.6 * s * second;
                self.retries += 0.15 * s * third;
                self.connections += 0.1 * s * fourth;
            }
            IssueType::OomKill => {
                self.memory_peaks += s * main;
                self.leak += 0.35 * s * second;
                self.load += 0.2 * s * third;
            }
            IssueType::CpuThrottling => {
                self.quota_cut += s * main;
                self.work += 0.35 * s * second;
            }
            IssueType::DnsFailure => {
                self.dns += s * main;
                self.retries += 0.2 * s * second;
                self.packet_loss += 0.1 * s * third;
            }
            IssueType::DiskPressure => {
                self.disk_fill += 0.92 * s * main.clamp(0.9, 1.06);
                self.disk_traffic += 0.5 * s * second;
                self.image_pull += 0.08 * s * third;
            }
            IssueType::ImagePullFailure => {
                self.image_pull += s * main;
                self.rollout += 0.3 * s * second;
                self.dns += 0.04 * s * third;
            }
            IssueType::EtcdSlow => {
                self.etcd += s * main;
                self.disk_traffic += 0.15 * s * second;
                self.scheduler += 0.15 * s * third;
            }
            IssueType::NodeNotReady => {
                self.node_loss += s * main;
                self.packet_loss += 0.2 * s * second;
                self.disk_traffic += 0.15 * s * third;
            }
            IssueType::ConnectionPoolExhaustion => {
                self.connections += s * main;
                self.retries += 0.15 * s * second;
                self.network_delay += 0.05 * s * third;
            }
            IssueType::ThreadLeak => {
                self.threads += s * main;
                self.leak += 0.3 * s * second;
                self.work += 0.12 * s * third;
            }
            IssueType::ProbeMisconfiguration => {
                self.probe += s * main;
                self.rollout += 0.1 * s * second;
            }
            IssueType::RetryStorm => {
                self.retries += s * main;
                self.load += 0.3 * s * second;
            }
            IssueType::CertificateExpiry => {
                self.tls += s * main;
                self.retries += 0.12 * s * second;
            }
            IssueType::PodEviction => {
                self.node_memory += 0.92 * s * main.clamp(0.9, 1.06);
                self.disk_traffic += 0.15 * s * second;
            }
            IssueType::SchedulerBacklog => {
                self.scheduler += s * main;
                self.etcd += 0.08 * s * second;
                self.rollout += 0.15 * s * third;
            }
        }
    }
}
