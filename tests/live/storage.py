"""What an API server keeps: the objects of each resource, numbered, with their history.

```text
 apply() ──► Collection.objects   the newest text of each object
        └──► Collection.history   (number, type, key, text), from which watches read on
```

Numbers (`resourceVersion`) are shared by all resources and only grow, as with etcd.
"""

import asyncio
import base64
import bisect
import json
from dataclasses import dataclass, field

import history
from objects import present

KINDS = {
    ("", "v1", "pods"): "Pod",
    ("", "v1", "nodes"): "Node",
    ("", "v1", "services"): "Service",
    ("", "v1", "namespaces"): "Namespace",
    ("", "v1", "persistentvolumeclaims"): "PersistentVolumeClaim",
    ("", "v1", "persistentvolumes"): "PersistentVolume",
    ("", "v1", "resourcequotas"): "ResourceQuota",
    ("", "v1", "limitranges"): "LimitRange",
    ("", "v1", "events"): "Event",
    ("", "v1", "configmaps"): "ConfigMap",
    ("apps", "v1", "deployments"): "Deployment",
    ("apps", "v1", "replicasets"): "ReplicaSet",
    ("apps", "v1", "statefulsets"): "StatefulSet",
    ("apps", "v1", "daemonsets"): "DaemonSet",
    ("apps", "v1", "controllerrevisions"): "ControllerRevision",
    ("batch", "v1", "jobs"): "Job",
    ("batch", "v1", "cronjobs"): "CronJob",
    ("autoscaling", "v2", "horizontalpodautoscalers"): "HorizontalPodAutoscaler",
    ("discovery.k8s.io", "v1", "endpointslices"): "EndpointSlice",
    ("storage.k8s.io", "v1", "storageclasses"): "StorageClass",
    ("policy", "v1", "poddisruptionbudgets"): "PodDisruptionBudget",
    ("coordination.k8s.io", "v1", "leases"): "Lease",
}
CLUSTER_SCOPED = {"nodes", "namespaces", "persistentvolumes", "storageclasses"}
UNSTORED = {
    ("authorization.k8s.io", "v1", "selfsubjectaccessreviews"): "SelfSubjectAccessReview",
    ("authorization.k8s.io", "v1", "selfsubjectrulesreviews"): "SelfSubjectRulesReview",
}


class Expired(Exception):
    """The number asked for is older than what is kept: 410 Gone."""


@dataclass
class Collection:
    """The objects of one resource."""

    group: str
    version: str
    resource: str
    kind: str
    objects: dict = field(default_factory=dict)
    history: list = field(default_factory=list)
    # Watches may begin after this number, not before.
    oldest: int = 0
    snapshots: dict = field(default_factory=dict)

    @property
    def api_version(self):
        """Group and version as in `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def position(self, number):
        """Where in the history a watch from `number` begins."""
        if number < self.oldest:
            raise Expired(f"too old resource version: {number} ({self.oldest})")
        return bisect.bisect_right(self.history, number, key=lambda entry: entry[0])

    def page(self, now, selection, limit, token):
        """A page of a consistent list: texts, number of the list, next token, objects left."""
        if token:
            number, start = json.loads(base64.urlsafe_b64decode(token))
            if number < self.oldest or number not in self.snapshots:
                raise Expired("the provided continue parameter is too old")
        else:
            number, start = now, 0
        if limit and number not in self.snapshots:
            self.snapshots[number] = sorted(self.objects.items())
            for old in sorted(self.snapshots)[:-8]:
                del self.snapshots[old]
        items = self.snapshots[number] if limit else sorted(self.objects.items())
        items = [text for key, text in items if selection.takes(key, text)]
        end = start + limit if limit else len(items)
        left = len(items) - end
        following = None
        if left > 0:
            following = base64.urlsafe_b64encode(json.dumps([number, end]).encode()).decode()
        return items[start:end], number, following, max(left, 0)


class Storage:
    """All collections, and the signal that wakes watches."""

    def __init__(self):
        self.number = 1000
        self.collections = {
            key: Collection(*key, kind) for key, kind in KINDS.items()
        }
        self.by_name = {resource: c for (_, _, resource), c in self.collections.items()}
        self.changed = asyncio.Condition()

    def apply(self, change):
        """Makes a change of a recording."""
        self.put(self.by_name[change.resource], (change.namespace, change.name), change.text, change.deleted)

    def put(self, collection, key, text, deleted=False):
        """Makes a change and says what kind it was; a deletion of nothing is none."""
        known = key in collection.objects
        if deleted and not known:
            return None
        self.number += 1
        text = text.replace(history.VERSION, str(self.number), 1)
        kind = "DELETED" if deleted else "MODIFIED" if known else "ADDED"
        if deleted:
            del collection.objects[key]
        else:
            collection.objects[key] = text
        collection.history.append((self.number, kind, key, text))
        return text

    def forget(self):
        """Forgets the history, as a compaction does: older watches and lists get 410."""
        self.number += 1
        for collection in self.collections.values():
            collection.history.clear()
            collection.snapshots.clear()
            collection.oldest = self.number

    async def wake(self):
        """Wakes every watch."""
        async with self.changed:
            self.changed.notify_all()


class Selection:
    """Which objects a request asks for: namespace, name, field and label selectors."""

    def __init__(self, namespace=None, name=None, fields="", labels=""):
        self.namespace, self.name = namespace, name
        self.fields, self.labels = terms(fields), terms(labels)

    def takes(self, key, text):
        """Whether the object is asked for."""
        if self.namespace and key[0] != self.namespace:
            return False
        if self.name and key[1] != self.name:
            return False
        if not self.fields and not self.labels:
            return True
        value = json.loads(text)
        labels = value["metadata"].get("labels") or {}
        return all(
            (field_of(value, path) == wanted) == equal for path, equal, wanted in self.fields
        ) and all(
            (labels.get(name) == wanted if wanted is not None else name in labels) == equal
            for name, equal, wanted in self.labels
        )


def terms(selector):
    """`a=b,c!=d,e` as `(name, whether equal, value)`."""
    found = []
    for term in filter(None, (selector or "").split(",")):
        if "!=" in term:
            name, value = term.split("!=", 1)
            found.append((name, False, value))
        elif "=" in term:
            name, value = term.replace("==", "=").split("=", 1)
            found.append((name, True, value))
        elif term.startswith("!"):
            found.append((term[1:], False, None))
        else:
            found.append((term, True, None))
    return found


def field_of(value, path):
    """The text of a field such as `spec.nodeName`; a missing one is empty."""
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return "" if value is None else str(value)


def metadata_only(text):
    """An object as `PartialObjectMetadata`."""
    value = json.loads(text)
    return json.dumps({
        "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": value["metadata"],
    }, separators=(",", ":"))


def status(code, reason, message, **details):
    """A `Status`, the API's form of an error."""
    return present({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
        "code": code, "reason": reason, "message": message, "details": details or None,
    })
