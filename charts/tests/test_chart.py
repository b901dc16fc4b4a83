"""The chart, the manifests rendered from it and the examples: by the real Helm, against the schemas of Kubernetes.

`test_chart.py --write` also rewrites deploy/foresail.yaml.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
import warnings
from pathlib import Path

import kubernetes_validate
import yaml

from helm import Helm, HelmError

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts/foresail"
TESTS = ROOT / "charts/tests"
DEPLOY = ROOT / "deploy"
EXAMPLES = ROOT / "examples"
# What this project is for, and the newest that the package knows.
VERSIONS = ["1.34", "1.37"]
HELMS = ["3", "4"]
# Groups without a schema in Kubernetes itself.
FOREIGN = {"monitoring.coreos.com/v1", "kind.x-k8s.io/v1alpha4"}
CLUSTER_KINDS = {"Namespace", "ClusterRole", "ClusterRoleBinding"}


def documents(text):
    return [one for one in yaml.safe_load_all(text) if one]


def problems(document):
    """What the schemas say against a document, as sentences."""
    if document["apiVersion"] in FOREIGN:
        return []
    found = []
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
            found.append(f"{document['kind']} {document['metadata']['name']} in {version}: {error}")
    return found


def pods(documents):
    """The pod templates among documents."""
    for document in documents:
        if document["kind"] == "CronJob":
            yield document["spec"]["jobTemplate"]["spec"]["template"]
        elif "template" in document.get("spec", {}):
            yield document["spec"]["template"]


def plain_manifests(helm):
    """deploy/foresail.yaml: what the chart gives, without what only Helm reads."""
    values = yaml.safe_load((DEPLOY / "values.yaml").read_text())
    text = helm.template(CHART, values)
    only_helm = re.compile(r"^ *(helm\.sh/|app\.kubernetes\.io/managed-by:|# Source: )|^# Source: ")
    lines = [line for line in text.splitlines() if not only_helm.match(line)]
    # The claim has no annotation but the one for Helm.
    body = re.sub(r"\n  annotations:\n(?=\S)", "\n", "\n".join(lines).strip())
    return (DEPLOY / "head.yaml").read_text() + body + "\n"


class Rendered(unittest.TestCase):
    """What Helm makes of the chart."""

    @classmethod
    def setUpClass(cls):
        cls.helms = {version: Helm(version) for version in HELMS}
        cls.cases = {"defaults": {}, "deploy": yaml.safe_load((DEPLOY / "values.yaml").read_text())}
        for path in sorted((TESTS / "values").glob("*.yaml")):
            cls.cases[path.stem] = yaml.safe_load(path.read_text())
        cls.rendered = {
            (version, case): documents(helm.template(CHART, values))
            for version, helm in cls.helms.items()
            for case, values in cls.cases.items()
        }

    @classmethod
    def tearDownClass(cls):
        for helm in cls.helms.values():
            helm.close()

    def each(self):
        for (version, case), found in self.rendered.items():
            with self.subTest(helm=version, values=case):
                yield case, found

    def one(self, case, kind, name=None):
        found = [
            one for one in self.rendered["4", case]
            if one["kind"] == kind and name in (None, one["metadata"]["name"])
        ]
        self.assertEqual(len(found), 1, f"{kind} of {case}")
        return found[0]

    def test_helm_finds_nothing_to_complain_about(self):
        for version, helm in self.helms.items():
            for case, values in self.cases.items():
                with self.subTest(helm=version, values=case):
                    self.assertEqual(helm.lint(CHART, values), [])

    def test_both_versions_of_helm_render_the_same(self):
        for case in self.cases:
            if not self.cases[case].get("api", {}).get("existingSecret"):
                # The random token is another one each time.
                for version in HELMS:
                    for one in self.rendered[version, case]:
                        if one["kind"] == "Secret":
                            token = one["data"].pop("token")
                            self.assertGreaterEqual(len(token), 40)
            with self.subTest(values=case):
                self.assertEqual(*(self.rendered[version, case] for version in HELMS))

    def test_all_manifests_follow_the_schemas_of_kubernetes(self):
        for _, found in self.each():
            self.assertEqual([text for one in found for text in problems(one)], [])

    def test_names_are_unique_and_every_object_has_its_namespace(self):
        for _, found in self.each():
            keys = [(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in found]
            self.assertEqual(len(keys), len(set(keys)))
            for kind, namespace, name in keys:
                self.assertEqual(namespace is None, kind in CLUSTER_KINDS, f"{kind} {name}")

    def test_selectors_find_the_pod(self):
        for _, found in self.each():
            (pod,) = pods(found)
            labels = pod["metadata"]["labels"].items()
            for one in found:
                selector = one.get("spec", {}).get("selector", one.get("spec", {}).get("podSelector"))
                if selector and one["kind"] != "ServiceMonitor":
                    self.assertLessEqual(selector.get("matchLabels", selector).items(), labels, one["kind"])

    def test_every_mount_has_its_volume_and_every_path_of_the_configuration_its_mount(self):
        for case, found in self.each():
            (pod,) = pods(found)
            (container,) = pod["spec"]["containers"]
            mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
            self.assertEqual(mounts.keys(), {volume["name"] for volume in pod["spec"]["volumes"]}, case)
            text = configuration(found)
            for path in re.findall(r"/(?:etc|var/lib)/foresail[-/.\w]*", text):
                self.assertTrue(any(path.startswith(place + "/") for place in mounts.values()), path)

    def test_pods_meet_the_restricted_standard_and_write_only_their_volume(self):
        for _, found in self.each():
            (pod,) = pods(found)
            spec, (container,) = pod["spec"], pod["spec"]["containers"]
            self.assertTrue(spec["securityContext"]["runAsNonRoot"])
            self.assertEqual(spec["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
            self.assertEqual(container["securityContext"], {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            })
            self.assertFalse(spec["enableServiceLinks"], "they would read as settings")

    def test_rights_only_read_and_never_secrets(self):
        for _, found in self.each():
            rules = [rule for one in found if one["kind"] in ("Role", "ClusterRole") for rule in one["rules"]]
            self.assertTrue(rules)
            for rule in rules:
                asks = set(rule.get("resources", []))
                reviews = asks == {"selfsubjectaccessreviews"} or asks == {"selfsubjectrulesreviews"}
                self.assertLessEqual(set(rule["verbs"]), {"create"} if reviews else {"get", "list", "watch"}, rule)
                self.assertFalse(asks & {"secrets", "nodes/proxy", "pods/exec", "*"}, rule)
                self.assertNotIn("*", rule.get("apiGroups", []))

    def test_scopes_give_what_they_say(self):
        kinds = lambda case: [one["kind"] for one in self.rendered["4", case]]
        self.assertIn("ClusterRole", kinds("defaults"))
        self.assertNotIn("Role", kinds("defaults"))
        self.assertNotIn("ClusterRole", kinds("namespaced"))
        self.assertNotIn("ClusterRoleBinding", kinds("namespaced"))
        places = [one["metadata"]["namespace"] for one in self.rendered["4", "namespaced"] if one["kind"] == "Role"]
        self.assertEqual(places, ["shop", "payments"])
        self.assertEqual(self.one("own-namespace", "Role")["metadata"]["namespace"], "foresail")
        everything = yaml.safe_load((CHART / "files/permissions.yaml").read_text())
        self.assertEqual(self.one("own-namespace", "ClusterRole")["rules"], everything["cluster"])
        self.assertEqual(self.one("own-namespace", "Role")["rules"], everything["namespaced"])
        self.assertEqual(self.one("defaults", "ClusterRole")["rules"], everything["namespaced"] + everything["cluster"])
        for rule in everything["logs"]:
            self.assertIn(rule, self.one("placed", "ClusterRole")["rules"])
            self.assertNotIn(rule, self.one("defaults", "ClusterRole")["rules"])

    def test_credentials_stand_in_existing_secrets_alone(self):
        found = self.rendered["4", "postgres"]
        self.assertNotIn("Secret", [one["kind"] for one in found])
        (pod,) = pods(found)
        named = {volume["secret"]["secretName"] for volume in pod["spec"]["volumes"] if "secret" in volume}
        self.assertEqual(named, {"foresail-database", "foresail-token", "mimir", "mimir-client"})

    def test_the_program_takes_every_configuration(self):
        program = os.environ.get("FORESAIL")
        self.assertTrue(program, "scripts/helm-test names the program")
        for _, found in self.each():
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "foresail.yaml")
                path.write_text(configuration(found))
                said = subprocess.run(
                    [program, "run", "--config", path, "--print-config"], capture_output=True, text=True,
                )
            self.assertEqual(said.returncode, 0, said.stderr)
            self.assertIn("0.0.0.0:7780", said.stdout)

    def test_what_is_configured_beats_what_the_chart_sets(self):
        settings = yaml.safe_load(configuration(self.rendered["4", "placed"]))
        self.assertEqual(settings["paging"], {"mode": "on", "false_pages": 1})
        self.assertEqual(settings["store"], {"size_limit": 5000000000, "url": "/var/lib/foresail/foresail.db"})

    def test_the_claim_stays_by_choice(self):
        kept = self.one("defaults", "PersistentVolumeClaim")["metadata"]["annotations"]
        self.assertEqual(kept, {"helm.sh/resource-policy": "keep"})
        gone = self.one("namespaced", "PersistentVolumeClaim")["metadata"]["annotations"]
        self.assertEqual(gone, {"example.org/backup": "yes"})
        for case in ["postgres", "own-namespace", "placed"]:
            self.assertNotIn("PersistentVolumeClaim", [one["kind"] for one in self.rendered["4", case]])

    def test_bad_values_are_refused_by_name(self):
        for path in sorted((TESTS / "refused").glob("*.yaml")):
            text = path.read_text()
            reason = text.splitlines()[0].removeprefix("# refused: ")
            for version, helm in self.helms.items():
                with self.subTest(helm=version, values=path.stem):
                    with self.assertRaises(HelmError) as raised:
                        helm.template(CHART, yaml.safe_load(text))
                    self.assertIn(reason, str(raised.exception))

    def test_notes_say_how_to_ask_it_and_what_stays(self):
        for version, helm in self.helms.items():
            with self.subTest(helm=version):
                notes = helm.notes(CHART, self.cases["namespaced"])
                self.assertIn("watches shop, payments.", notes)
                self.assertIn(
                    "foresail doctor --prometheus http://prometheus.monitoring:9090"
                    " --token-file /etc/foresail/prometheus/token\n", notes,
                )
                self.assertNotIn("uninstall", notes)
                self.assertIn("leaves the claim foresail-data", helm.notes(CHART, {}))
                self.assertIn("get secret foresail-token --output jsonpath='{.data.api\\.token}'",
                              helm.notes(CHART, self.cases["postgres"]))
                self.assertIn("WARNING", helm.notes(CHART, self.cases["placed"]))

    def test_the_plain_manifests_are_what_the_chart_gives(self):
        wanted = plain_manifests(self.helms["4"])
        found = (DEPLOY / "foresail.yaml").read_text()
        self.assertEqual(found, wanted, "run scripts/helm-test --write and commit deploy/foresail.yaml")
        for one in documents(found):
            self.assertEqual(problems(one), [])
            if one["kind"] not in CLUSTER_KINDS:
                self.assertEqual(one["metadata"]["namespace"], "foresail")

    def test_the_chart_has_the_version_of_the_program(self):
        manifest = (ROOT / "Cargo.toml").read_text()
        version = re.search(r'^version = "([^"]+)"', manifest, re.MULTILINE)[1]
        chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
        self.assertEqual((chart["version"], chart["appVersion"]), (version, version))

    def test_rules_are_understood_by_prometheus(self):
        rules = self.one("monitoring", "PrometheusRule")["spec"]
        if not shutil.which("promtool"):
            self.skipTest("promtool is not installed (Debian: apt-get install prometheus)")
        promtool(self, ["check", "rules"], rules)
        self.assertEqual({rule["labels"]["team"] for rule in rules_of({"spec": rules})}, {"platform"})

    def test_queries_of_the_dashboard_are_understood_by_prometheus(self):
        if not shutil.which("promtool"):
            self.skipTest("promtool is not installed (Debian: apt-get install prometheus)")
        found = expressions(json.loads((CHART / "files/dashboard.json").read_text()))
        queries = [text for text in found if not text.startswith("label_values(")]
        self.assertGreater(len(queries), 20)
        rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(queries)]
        promtool(self, ["check", "rules"], {"groups": [{"name": "dashboard", "rules": rules}]})

    def test_alerts_and_dashboard_ask_for_metrics_that_the_program_has(self):
        known = program_metrics()
        texts = [rule["expr"] for rule in rules_of(self.one("monitoring", "PrometheusRule"))]
        texts += expressions(json.loads((CHART / "files/dashboard.json").read_text()))
        self.assertGreater(len(texts), 10)
        for text in texts:
            for metric in re.findall(r"\bforesail_\w+", text):
                self.assertIn(metric, known, text)


class Checks(unittest.TestCase):
    """That the checks above can fail."""

    def test_planted_mistakes_are_found(self):
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "a"}, "spec": {}}
        self.assertEqual(problems(claim), [])
        self.assertEqual(len(problems({**claim, "spec": {"accesModes": ["ReadWriteOnce"]}})), len(VERSIONS))
        self.assertEqual(len(problems({**claim, "apiVersion": "v7"})), len(VERSIONS))


class Examples(unittest.TestCase):
    """What people copy."""

    def test_all_manifests_follow_the_schemas_of_kubernetes(self):
        paths = sorted(path for path in EXAMPLES.rglob("*.yaml") if "values" not in path.name)
        self.assertTrue(paths)
        for path in paths:
            with self.subTest(path=path.name):
                found = documents(path.read_text())
                self.assertTrue(found)
                self.assertEqual([text for one in found for text in problems(one)], [])

    def test_clusters_have_a_control_plane_and_workers(self):
        for name, workers in [("cluster", 2), ("second-cluster", 1)]:
            (found,) = documents((EXAMPLES / f"kind/{name}.yaml").read_text())
            self.assertEqual((found["kind"], found["apiVersion"]), ("Cluster", "kind.x-k8s.io/v1alpha4"))
            self.assertEqual([node["role"] for node in found["nodes"]], ["control-plane"] + ["worker"] * workers)
            for node in found["nodes"]:
                self.assertRegex(node["image"], r"^kindest/node:v1\.34\.\d+@sha256:[0-9a-f]{64}$")

    def test_images_are_pinned(self):
        for path in sorted(EXAMPLES.rglob("*.yaml")):
            if "values" in path.name:
                continue
            for pod in pods(documents(path.read_text())):
                for container in pod["spec"]["containers"]:
                    image = container["image"]
                    self.assertRegex(image, r":v?\d[\w.-]*$", f"{image} in {path.name}")

    def test_prometheus_takes_its_configuration(self):
        if not shutil.which("promtool"):
            self.skipTest("promtool is not installed (Debian: apt-get install prometheus)")
        found = documents((EXAMPLES / "kind/metrics/prometheus.yaml").read_text())
        (text,) = [one["data"]["prometheus.yml"] for one in found if one["kind"] == "ConfigMap"]
        settings = yaml.safe_load(text)
        for job in settings["scrape_configs"]:
            # Debian builds it without the discovery of Kubernetes.
            job.pop("kubernetes_sd_configs", None)
        promtool(self, ["check", "config", "--syntax-only"], settings)

    def test_the_program_of_the_shop_serves_counts_and_leaks(self):
        found = documents((EXAMPLES / "kind/app/shop.yaml").read_text())
        (program,) = [one["data"]["app.py"] for one in found if one["kind"] == "ConfigMap"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-c", program], env={**os.environ, "PORT": str(port), "LEAK_KIB_PER_SECOND": "8192"},
        )
        self.addCleanup(lambda: (process.kill(), process.wait()))
        ask = lambda path: urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).read().decode()
        for _ in range(50):
            try:
                self.assertEqual(ask("/healthz"), "ok\n")
                break
            except OSError:
                time.sleep(0.1)
        self.assertIn('http_requests_total{code="200"} 1', ask("/metrics"))
        resident = lambda: int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * 4096
        before = resident()
        time.sleep(2.5)
        self.assertGreater(resident() - before, 8 << 20)

    def test_values_of_the_examples_fit_the_chart(self):
        helm = Helm("4")
        self.addCleanup(helm.close)
        paths = sorted(EXAMPLES.rglob("foresail-values.yaml"))
        self.assertTrue(paths)
        for path in paths:
            values = yaml.safe_load(path.read_text())
            self.assertEqual(helm.lint(CHART, values), [], path.name)
            for one in documents(helm.template(CHART, values)):
                self.assertEqual(problems(one), [], path.name)


def configuration(found):
    """The text of the program's configuration file."""
    (text,) = [one["data"]["foresail.yaml"] for one in found if "foresail.yaml" in one.get("data", {})]
    return text


def promtool(test, command, content):
    """Lets the real tool check a YAML file."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(content, file)
        file.flush()
        said = subprocess.run(["promtool", *command, file.name], capture_output=True, text=True)
    test.assertEqual(said.returncode, 0, said.stdout + said.stderr)


def rules_of(document):
    return [rule for group in document["spec"]["groups"] for rule in group["rules"]]


def expressions(value):
    """Every `expr` and every query of a variable in a dashboard."""
    if isinstance(value, list):
        return [text for one in value for text in expressions(one)]
    if not isinstance(value, dict):
        return []
    own = [value[key] for key in ("expr", "definition") if isinstance(value.get(key), str)]
    return own + [text for one in value.values() for text in expressions(one)]


def program_metrics():
    """Names of the metrics in the module of the program that writes them."""
    module = ROOT / "crates/foresail-api/src"
    paths = [module / "metrics.rs", *(module / "metrics").rglob("*.rs")]
    return {name for path in paths for name in re.findall(r'"(foresail_[a-z0-9_]+)"', path.read_text())}


if __name__ == "__main__":
    warnings.simplefilter("ignore", ResourceWarning)
    if "--write" in sys.argv:
        sys.argv.remove("--write")
        helm = Helm("4")
        (DEPLOY / "foresail.yaml").write_text(plain_manifests(helm))
        helm.close()
    unittest.main(verbosity=1)
