"""The class of ``foresail`` under the name of its module in the workflow that people know."""

from foresail import KubernetesDataSimulator

__all__ = ["KubernetesDataSimulator"]
