"""Lines of a recording become objects as the Kubernetes API writes them.

In: a line of `pods.jsonl.gz`, `workloads.jsonl.gz`, `nodes.jsonl.gz` or `events.jsonl.gz`
(docs/recording.md). Out: the whole API object, without `resourceVersion`, which the server gives.
What a recording does not keep (commands, managed fields, tolerations' defaults) is left out.
"""

import hashlib
import uuid

API_VERSIONS = {
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "Node": "v1",
}

NODE_INFO = {
    "architecture": "amd64", "bootID": "", "containerRuntimeVersion": "containerd://2.1.0",
    "kernelVersion": "6.1.0", "kubeProxyVersion": "", "kubeletVersion": "v1.34.2", "machineID": "",
    "operatingSystem": "linux", "osImage": "Debian GNU/Linux 12", "systemUUID": "",
}


def present(fields):
    """The fields that have a value: the API omits empty ones."""
    return {name: value for name, value in fields.items() if value is not None}


def stable_uid(*parts):
    """A uid that is the same in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(parts)))


def pod(line, spec):
    """A pod; `spec` is the last one that the recording wrote for it."""
    labels = present({"app": line.get("app"), "pod-template-hash": line.get("template_hash")})
    owner = line.get("owner")
    references = None
    if owner:
        kind, name = owner.split("/", 1)
        references = [owner_reference(kind, name, line.get("owner_uid"))]
    init = [status for status in line.get("initContainers") or [] if status]
    main = []
    for status in line.get("containers") or []:
        (init if status.get("init") else main).append(status)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": present({
            "name": line["pod"],
            "namespace": line["ns"],
            "uid": line["uid"],
            "creationTimestamp": line.get("created"),
            "deletionTimestamp": line.get("deleting"),
            "deletionGracePeriodSeconds": line.get("grace") if line.get("deleting") else None,
            "labels": labels,
            "ownerReferences": references,
        }),
        "spec": pod_spec(spec or {}, line.get("node") or line.get("nodeName")),
        "status": present({
            "phase": line.get("phase"),
            "reason": line.get("reason"),
            "message": line.get("message"),
            "podIP": line.get("ip"),
            "podIPs": [{"ip": line["ip"]}] if line.get("ip") else None,
            "qosClass": line.get("qosClass"),
            "startTime": line.get("start_time"),
            "conditions": pod_conditions(line),
            "initContainerStatuses": [container_status(status) for status in init] or None,
            "containerStatuses": [container_status(status) for status in main] or None,
        }),
    }


def owner_reference(kind, name, uid):
    """The controller of an object."""
    return {
        "apiVersion": API_VERSIONS.get(kind, "example.com/v1"),
        "kind": kind,
        "name": name,
        "uid": uid or stable_uid(kind, name),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def pod_conditions(line):
    """The short map of conditions, each replaced by its detail where there is one."""
    since = line.get("since") or {}
    by_type = {
        kind: present({"type": kind, "status": status or "Unknown", "lastTransitionTime": since.get(kind)})
        for kind, status in (line.get("conditions") or {}).items()
    }
    for condition in line.get("cond_detail") or []:
        by_type[condition["type"]] = present(condition)
    return list(by_type.values())


def container_status(status):
    """The status of one container."""
    identity = status.get("id")
    if identity and "://" not in identity:
        identity = f"containerd://{identity}"
    return present({
        "name": status["name"],
        "ready": bool(status.get("ready")),
        "restartCount": status.get("restarts") or 0,
        "started": status.get("started"),
        "image": status.get("image") or "",
        "imageID": "",
        "containerID": identity,
        "state": state(status.get("state")) or {},
        "lastState": state(status.get("last")) or {},
    })


def state(recorded):
    """The state of a container."""
    if not recorded:
        return None
    return {name: present(detail or {}) for name, detail in recorded.items() if detail is not None}


def pod_spec(spec, node=None):
    """The spec of a pod or of a template."""
    init = [container(part) for part in spec.get("initContainers") or []]
    return present({
        "nodeName": node,
        "initContainers": init or None,
        "containers": [container(part) for part in spec.get("containers") or []],
        "volumes": [volume(part) for part in spec.get("volumes") or []] or None,
        "nodeSelector": spec.get("nodeSelector"),
        "terminationGracePeriodSeconds": spec.get("terminationGracePeriodSeconds"),
        "restartPolicy": spec.get("restartPolicy") or "Always",
        "priority": spec.get("priority"),
        "activeDeadlineSeconds": spec.get("activeDeadlineSeconds"),
        "tolerations": spec.get("tolerations"),
    })


def container(part):
    """A container of a spec."""
    ports = part.get("ports") or []
    mounts = part.get("mounts") or {}
    return present({
        "name": part["name"],
        "image": part.get("image"),
        "command": part.get("command"),
        "resources": present(part.get("resources") or {}),
        "ports": [{"containerPort": port, "protocol": "TCP"} for port in ports] or None,
        "volumeMounts": [{"name": n, "mountPath": path} for n, path in mounts.items()] or None,
        "env": part.get("env"),
        "envFrom": part.get("envFrom"),
        "restartPolicy": part.get("restartPolicy"),
        "livenessProbe": part.get("livenessProbe"),
        "readinessProbe": part.get("readinessProbe"),
        "startupProbe": part.get("startupProbe"),
    })


def volume(part):
    """A volume: recordings have a short form, `type` beside its fields."""
    kind = part.get("type")
    if kind is None:
        return part
    name = part["name"]
    if kind == "emptyDir":
        source = present({"sizeLimit": part.get("sizeLimit"), "medium": part.get("medium")})
    elif kind == "persistentVolumeClaim":
        source = {"claimName": part.get("claim") or part.get("claimName")}
    elif kind == "configMap":
        source = present({"name": part.get("configMapName"), "optional": part.get("optional")})
    elif kind == "secret":
        source = present({"secretName": part.get("secretName"), "optional": part.get("optional")})
    else:
        source = {}
    return {"name": name, kind: source}


def workload(line):
    """A Deployment, ReplicaSet, StatefulSet, DaemonSet, Job or CronJob."""
    kind, name = line["kind"], line["name"]
    selector = line.get("selector") or {}
    annotations = {}
    if line.get("revision"):
        annotations["deployment.kubernetes.io/revision"] = line["revision"]
    labels = present({"pod-template-hash": line.get("template_hash")})
    owner, references = line.get("owner"), None
    if owner:
        default = {"ReplicaSet": "Deployment", "Job": "CronJob"}.get(kind, "Other")
        owner_kind = line.get("owner_kind") or default
        references = [owner_reference(owner_kind, owner, line.get("owner_uid"))]
    template = {
        "metadata": present({
            "labels": selector.get("matchLabels"),
            "annotations": restarted(line.get("restarted_at")),
        }),
        "spec": pod_spec(line.get("template") or {}),
    }
    spec = present({
        "replicas": line.get("replicas"),
        "selector": selector or None,
        "strategy": line.get("strategy"),
        "progressDeadlineSeconds": line.get("progressDeadlineSeconds"),
        "minReadySeconds": line.get("minReadySeconds"),
        "paused": line.get("paused"),
        "revisionHistoryLimit": line.get("revisionHistoryLimit"),
        "backoffLimit": line.get("backoffLimit"),
        "completions": line.get("completions"),
        "parallelism": line.get("parallelism"),
        "activeDeadlineSeconds": line.get("activeDeadlineSeconds"),
        "template": template,
    })
    if kind == "CronJob":
        spec = {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}}
    return {
        "apiVersion": API_VERSIONS[kind],
        "kind": kind,
        "metadata": present({
            "name": name,
            "namespace": line["ns"],
            "uid": line.get("uid") or stable_uid(kind, line["ns"], name),
            "generation": line.get("generation"),
            "creationTimestamp": line.get("created"),
            "deletionTimestamp": line.get("deleting"),
            "labels": labels or None,
            "annotations": annotations or None,
            "ownerReferences": references,
        }),
        "spec": spec,
        "status": present(line.get("status") or {}),
    }


def restarted(at):
    """The annotation that `kubectl rollout restart` leaves."""
    return {"kubectl.kubernetes.io/restartedAt": at} if at else None


def node(line, kubelet_port=10250):
    """A node, with the port of its kubelet."""
    name = line["name"]
    labels = {"kubernetes.io/hostname": name, **(line.get("labels") or {})}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "uid": stable_uid("Node", name), "labels": labels},
        "spec": present({
            "unschedulable": line.get("unschedulable"),
            "taints": line.get("taints"),
        }),
        "status": present({
            "conditions": line.get("conditions"),
            "allocatable": line.get("allocatable"),
            "capacity": line.get("capacity"),
            "addresses": [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet_port}},
            "nodeInfo": NODE_INFO,
        }),
    }


def event(line):
    """An Event of `v1`; one that is counted up keeps its name."""
    began = line.get("first") or line.get("event_time") or ""
    parts = [line.get(key) or "" for key in ("kind", "ns", "name", "uid", "reason", "message", "field")]
    digest = hashlib.sha256("\0".join([*parts, began]).encode()).hexdigest()[:16]
    concerned = line.get("name") or "unknown"
    namespace = line.get("ns") or "default"
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": present({
            "name": f"{concerned}.{digest}",
            "namespace": namespace,
            "uid": stable_uid("Event", namespace, digest),
            "creationTimestamp": began.split(".")[0].rstrip("Z") + "Z" if began else None,
        }),
        "involvedObject": present({
            "kind": line.get("kind"),
            "namespace": line.get("ns"),
            "name": line.get("name"),
            "uid": line.get("uid"),
            "fieldPath": line.get("field"),
        }),
        "type": line.get("etype"),
        "reason": line.get("reason"),
        "message": line.get("message"),
        "source": {"component": line.get("source")} if line.get("source") else {},
        "reportingComponent": line.get("source") or "",
        "reportingInstance": "",
        "firstTimestamp": line.get("first"),
        "lastTimestamp": line.get("last"),
        "eventTime": line.get("event_time"),
        "count": line.get("count"),
    }


def simple(kind, namespace, name, **more):
    """An object of `v1` that has little more than a name."""
    metadata = present({"name": name, "namespace": namespace, "uid": stable_uid(kind, namespace or "", name)})
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **more}


def endpoint_slice(namespace, service, addresses):
    """The endpoints of a Service; `addresses` are pairs of IP and whether it is ready."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{service}-slice",
            "namespace": namespace,
            "uid": stable_uid("EndpointSlice", namespace, service),
            "labels": {"kubernetes.io/service-name": service},
        },
        "addressType": "IPv4",
        "endpoints": [
            {"addresses": [ip], "conditions": {"ready": ready, "serving": ready, "terminating": False}}
            for ip, ready in addresses
        ],
        "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
    }
