-- Version 1. Never change an applied migration: add the next one.
-- Times are milliseconds since 1970 (`…_ms`); the column without `_ms` shows the same time to people.

CREATE TABLE nodes (
    cluster TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    node TEXT NOT NULL,
    node_cpu_busy_share REAL,
    node_io_wait_share REAL,
    node_load REAL,
    node_memory_available_bytes REAL,
    node_memory_total_bytes REAL,
    node_disk_available_bytes REAL,
    node_disk_size_bytes REAL,
    node_inodes_free REAL,
    node_pids REAL,
    node_conntrack REAL,
    node_file_descriptors REAL,
    node_pods REAL,
    node_disk_read_bytes_per_second REAL,
    node_disk_written_bytes_per_second REAL,
    node_disk_busy_share REAL,
    node_network_received_bytes_per_second REAL,
    node_network_sent_bytes_per_second REAL,
    node_network_drops_per_second REAL,
    node_network_errors_per_second REAL,
    node_tcp_retransmits_share REAL,
    node_oom_kills_per_second REAL,
    node_major_faults_per_second REAL,
    node_cpu_pressure_share REAL,
    node_memory_pressure_share REAL,
    node_io_pressure_share REAL,
    node_cpu_total_cores REAL,
    node_events REAL,
    node_warnings REAL,
    at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(at_ms / 1000.0::double precision)) STORED,
    PRIMARY KEY (cluster, at_ms, node)
);

-- Joined with the values of the pod's node and workload.
CREATE TABLE pods (
    cluster TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    namespace TEXT NOT NULL,
    pod TEXT NOT NULL,
    node TEXT,
    workload TEXT NOT NULL,
    deployment_kind TEXT NOT NULL,
    label TEXT,
    failure_kind TEXT,
    failure_at_ms BIGINT,
    cpu_usage_cores REAL,
    cpu_limit_cores REAL,
    cpu_request_cores REAL,
    cpu_limit_share REAL,
    cpu_throttled_share REAL,
    memory_working_set_bytes REAL,
    memory_rss_bytes REAL,
    memory_limit_bytes REAL,
    memory_request_bytes REAL,
    memory_limit_share REAL,
    memory_failures_per_second REAL,
    heap_bytes REAL,
    network_received_bytes_per_second REAL,
    network_sent_bytes_per_second REAL,
    network_drops_per_second REAL,
    network_errors_per_second REAL,
    disk_read_bytes_per_second REAL,
    disk_written_bytes_per_second REAL,
    ephemeral_storage_bytes REAL,
    ephemeral_storage_limit_bytes REAL,
    empty_dir_bytes REAL,
    file_descriptors REAL,
    file_descriptor_limit_share REAL,
    threads REAL,
    thread_limit_share REAL,
    runtime_tasks REAL,
    sockets REAL,
    pool_limit_share REAL,
    requests_in_flight REAL,
    requests_per_second REAL,
    request_errors_per_second REAL,
    request_mean_seconds REAL,
    request_slow_share REAL,
    upstream_requests_per_second REAL,
    upstream_errors_per_second REAL,
    upstream_retries_per_second REAL,
    liveness_failures_per_second REAL,
    readiness_failures_per_second REAL,
    probe_mean_seconds REAL,
    log_lines REAL,
    log_warnings REAL,
    log_errors REAL,
    restarts_10m REAL,
    restarts_60m REAL,
    event_warnings REAL,
    event_other REAL,
    event_scheduled REAL,
    event_failed_scheduling REAL,
    event_pulling REAL,
    event_pulled REAL,
    event_created REAL,
    event_started REAL,
    event_killing REAL,
    event_back_off REAL,
    event_unhealthy REAL,
    event_failed REAL,
    event_failed_mount REAL,
    event_failed_create_pod_sandbox REAL,
    event_evicted REAL,
    event_preempted REAL,
    event_node_not_ready REAL,
    event_taint_manager_eviction REAL,
    node_cpu_busy_share REAL,
    node_io_wait_share REAL,
    node_load REAL,
    node_memory_available_bytes REAL,
    node_memory_total_bytes REAL,
    node_disk_available_bytes REAL,
    node_disk_size_bytes REAL,
    node_inodes_free REAL,
    node_pids REAL,
    node_conntrack REAL,
    node_file_descriptors REAL,
    node_pods REAL,
    node_disk_read_bytes_per_second REAL,
    node_disk_written_bytes_per_second REAL,
    node_disk_busy_share REAL,
    node_network_received_bytes_per_second REAL,
    node_network_sent_bytes_per_second REAL,
    node_network_drops_per_second REAL,
    node_network_errors_per_second REAL,
    node_tcp_retransmits_share REAL,
    node_oom_kills_per_second REAL,
    node_major_faults_per_second REAL,
    node_cpu_pressure_share REAL,
    node_memory_pressure_share REAL,
    node_io_pressure_share REAL,
    node_cpu_total_cores REAL,
    node_events REAL,
    node_warnings REAL,
    deployment_replicas REAL,
    deployment_ready_replicas REAL,
    deployment_available_replicas REAL,
    deployment_updated_replicas REAL,
    deployment_events REAL,
    deployment_warnings REAL,
    deployment_pods REAL,
    deployment_cpu_usage_cores REAL,
    deployment_cpu_limit_share REAL,
    deployment_memory_working_set_bytes REAL,
    deployment_memory_limit_share REAL,
    deployment_network_received_bytes_per_second REAL,
    deployment_network_sent_bytes_per_second REAL,
    deployment_requests_per_second REAL,
    deployment_request_errors_per_second REAL,
    deployment_request_mean_seconds REAL,
    deployment_log_lines REAL,
    deployment_log_errors REAL,
    deployment_restarts_10m REAL,
    deployment_restarts_60m REAL,
    at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(at_ms / 1000.0::double precision)) STORED,
    PRIMARY KEY (cluster, at_ms, namespace, pod)
);

CREATE TABLE workloads (
    cluster TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    namespace TEXT NOT NULL,
    kind TEXT NOT NULL,
    workload TEXT NOT NULL,
    deployment_replicas REAL,
    deployment_ready_replicas REAL,
    deployment_available_replicas REAL,
    deployment_updated_replicas REAL,
    deployment_events REAL,
    deployment_warnings REAL,
    deployment_pods REAL,
    deployment_cpu_usage_cores REAL,
    deployment_cpu_limit_share REAL,
    deployment_memory_working_set_bytes REAL,
    deployment_memory_limit_share REAL,
    deployment_network_received_bytes_per_second REAL,
    deployment_network_sent_bytes_per_second REAL,
    deployment_requests_per_second REAL,
    deployment_request_errors_per_second REAL,
    deployment_request_mean_seconds REAL,
    deployment_log_lines REAL,
    deployment_log_errors REAL,
    deployment_restarts_10m REAL,
    deployment_restarts_60m REAL,
    at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(at_ms / 1000.0::double precision)) STORED,
    PRIMARY KEY (cluster, at_ms, namespace, kind, workload)
);

-- Labelled rows with the columns of docs/dataset.md, for learners.
CREATE VIEW dataset AS
SELECT at AS time, cluster AS recording, namespace, namespace || '/' || workload AS workload, pod, node, label, failure_kind,
    CASE WHEN failure_at_ms IS NULL THEN NULL WHEN failure_at_ms > at_ms THEN (failure_at_ms - at_ms) / 60000.0 ELSE 0 END
        AS minutes_to_failure,
    NULL AS incident, deployment_kind,
    cpu_usage_cores, cpu_limit_cores, cpu_request_cores, cpu_limit_share, cpu_throttled_share,
    memory_working_set_bytes, memory_rss_bytes, memory_limit_bytes, memory_request_bytes, memory_limit_share,
    memory_failures_per_second, heap_bytes, network_received_bytes_per_second, network_sent_bytes_per_second,
    network_drops_per_second, network_errors_per_second, disk_read_bytes_per_second, disk_written_bytes_per_second,
    ephemeral_storage_bytes, ephemeral_storage_limit_bytes, empty_dir_bytes, file_descriptors,
    file_descriptor_limit_share, threads, thread_limit_share, runtime_tasks, sockets, pool_limit_share,
    requests_in_flight, requests_per_second, request_errors_per_second, request_mean_seconds, request_slow_share,
    upstream_requests_per_second, upstream_errors_per_second, upstream_retries_per_second,
    liveness_failures_per_second, readiness_failures_per_second, probe_mean_seconds, log_lines, log_warnings,
    log_errors, restarts_10m, restarts_60m, event_warnings, event_other, event_scheduled, event_failed_scheduling,
    event_pulling, event_pulled, event_created, event_started, event_killing, event_back_off, event_unhealthy,
    event_failed, event_failed_mount, event_failed_create_pod_sandbox, event_evicted, event_preempted,
    event_node_not_ready, event_taint_manager_eviction, node_cpu_busy_share, node_io_wait_share, node_load,
    node_memory_available_bytes, node_memory_total_bytes, node_disk_available_bytes, node_disk_size_bytes,
    node_inodes_free, node_pids, node_conntrack, node_file_descriptors, node_pods, node_disk_read_bytes_per_second,
    node_disk_written_bytes_per_second, node_disk_busy_share, node_network_received_bytes_per_second,
    node_network_sent_bytes_per_second, node_network_drops_per_second, node_network_errors_per_second,
    node_tcp_retransmits_share, node_oom_kills_per_second, node_major_faults_per_second, node_cpu_pressure_share,
    node_memory_pressure_share, node_io_pressure_share, node_cpu_total_cores, node_events, node_warnings,
    deployment_replicas, deployment_ready_replicas, deployment_available_replicas, deployment_updated_replicas,
    deployment_events, deployment_warnings, deployment_pods, deployment_cpu_usage_cores, deployment_cpu_limit_share,
    deployment_memory_working_set_bytes, deployment_memory_limit_share, deployment_network_received_bytes_per_second,
    deployment_network_sent_bytes_per_second, deployment_requests_per_second, deployment_request_errors_per_second,
    deployment_request_mean_seconds, deployment_log_lines, deployment_log_errors, deployment_restarts_10m,
    deployment_restarts_60m
FROM pods WHERE label IS NOT NULL;

CREATE VIEW deployments AS SELECT * FROM workloads WHERE kind = 'Deployment';

-- A block range index costs next to nothing: rows arrive in the order of time.
CREATE INDEX nodes_at ON nodes USING brin (at);
CREATE INDEX pods_at ON pods USING brin (at);
CREATE INDEX workloads_at ON workloads USING brin (at);

-- What a transaction is about to write into `pods`; empty outside of one.
CREATE TABLE label_spans (
    position BIGINT NOT NULL PRIMARY KEY,
    namespace TEXT NOT NULL,
    kind TEXT NOT NULL,
    workload TEXT NOT NULL,
    pod TEXT,
    label TEXT NOT NULL,
    failure_kind TEXT,
    failure_at_ms BIGINT
);
CREATE INDEX label_spans_workload ON label_spans (namespace, kind, workload);

CREATE TABLE ticks (
    cluster TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    outcomes BIGINT NOT NULL,
    alarm_changes BIGINT NOT NULL,
    predictions BIGINT NOT NULL,
    events BIGINT NOT NULL,
    at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(at_ms / 1000.0::double precision)) STORED,
    PRIMARY KEY (cluster, at_ms)
);

CREATE TABLE events (
    cluster TEXT NOT NULL,
    observed_at_ms BIGINT NOT NULL,
    id TEXT NOT NULL,
    occurred_at_ms BIGINT NOT NULL,
    type TEXT NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    namespace TEXT NOT NULL,
    object TEXT NOT NULL,
    count BIGINT,
    detail BYTEA NOT NULL,
    observed_at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(observed_at_ms / 1000.0::double precision)) STORED,
    PRIMARY KEY (cluster, id)
);
CREATE INDEX events_observed ON events (cluster, observed_at_ms);

CREATE TABLE outcomes (
    cluster TEXT NOT NULL,
    occurred_at_ms BIGINT NOT NULL,
    failure_kind TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    namespace TEXT NOT NULL,
    workload_kind TEXT NOT NULL,
    object TEXT NOT NULL,
    pod TEXT NOT NULL,
    node TEXT,
    settled_at_ms BIGINT NOT NULL,
    recovered_at_ms BIGINT,
    incident BIGINT NOT NULL,
    is_primary BIGINT NOT NULL,
    detail BYTEA NOT NULL,
    occurred_at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(occurred_at_ms / 1000.0::double precision)) STORED,
    PRIMARY KEY (cluster, occurred_at_ms, failure_kind, object_kind, namespace, workload_kind, object, pod)
);

CREATE VIEW incidents AS
SELECT cluster, incident, MIN(occurred_at_ms) AS occurred_at_ms, MIN(occurred_at) AS occurred_at,
    COUNT(*) AS outcomes, SUM(CASE WHEN recovered_at_ms IS NULL THEN 1 ELSE 0 END) AS unrecovered,
    MAX(CASE WHEN is_primary = 1 THEN failure_kind END) AS failure_kind,
    MAX(CASE WHEN is_primary = 1 THEN object_kind END) AS object_kind,
    MAX(CASE WHEN is_primary = 1 THEN namespace END) AS namespace,
    MAX(CASE WHEN is_primary = 1 THEN object END) AS object
FROM outcomes GROUP BY cluster, incident;

CREATE TABLE predictions (
    cluster TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    position BIGINT NOT NULL,
    object_kind TEXT NOT NULL,
    namespace TEXT NOT NULL,
    workload_kind TEXT NOT NULL,
    object TEXT NOT NULL,
    pod TEXT,
    node TEXT,
    failure_kind TEXT NOT NULL,
    horizon_ms BIGINT NOT NULL,
    probability DOUBLE PRECISION,
    score DOUBLE PRECISION,
    time_to_event_p50_ms BIGINT,
    model TEXT NOT NULL,
    sentence TEXT NOT NULL,
    detail BYTEA NOT NULL,
    at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(at_ms / 1000.0::double precision)) STORED,
    PRIMARY KEY (cluster, at_ms, position)
);

CREATE TABLE alarms (
    cluster TEXT NOT NULL,
    raised_at_ms BIGINT NOT NULL,
    alarm_id BIGINT NOT NULL,
    cleared_at_ms BIGINT,
    object_kind TEXT NOT NULL,
    namespace TEXT NOT NULL,
    workload_kind TEXT NOT NULL,
    object TEXT NOT NULL,
    pod TEXT,
    node TEXT,
    failure_kind TEXT NOT NULL,
    tier TEXT NOT NULL,
    score DOUBLE PRECISION,
    probability DOUBLE PRECISION,
    horizon_ms BIGINT NOT NULL,
    model TEXT NOT NULL,
    sentence TEXT NOT NULL,
    kubectl TEXT NOT NULL,
    detail BYTEA NOT NULL,
    raised_at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(raised_at_ms / 1000.0::double precision)) STORED,
    PRIMARY KEY (cluster, raised_at_ms, alarm_id)
);

CREATE TABLE alarm_changes (
    cluster TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    position BIGINT NOT NULL,
    alarm_id BIGINT NOT NULL,
    change TEXT NOT NULL,
    detail BYTEA NOT NULL,
    at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(at_ms / 1000.0::double precision)) STORED,
    PRIMARY KEY (cluster, at_ms, position)
);

-- Bytes by their SHA-256, in parts: model files, restart points, evidence.
CREATE TABLE blobs (
    sha256 TEXT NOT NULL,
    part BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (sha256, part)
);

CREATE TABLE evidence (
    cluster TEXT NOT NULL,
    subject TEXT NOT NULL,
    since_ms BIGINT NOT NULL,
    number BIGINT NOT NULL,
    copied_at_ms BIGINT NOT NULL,
    series BIGINT NOT NULL,
    events BIGINT NOT NULL,
    logs BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (cluster, subject, since_ms, number)
);

CREATE TABLE models (
    cluster TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    schema_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    added_at_ms BIGINT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (cluster, name)
);
CREATE UNIQUE INDEX models_in_service ON models (cluster) WHERE role = 'in_service';

CREATE TABLE snapshots (
    cluster TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    format TEXT NOT NULL,
    state_sha256 TEXT NOT NULL,
    assessment_sha256 TEXT NOT NULL,
    at TIMESTAMPTZ GENERATED ALWAYS AS (to_timestamp(at_ms / 1000.0::double precision)) STORED,
    PRIMARY KEY (cluster, at_ms)
);
