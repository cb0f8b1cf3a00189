"""Checks of live state: `verify(expectation, …)` judges, and shows wanted – seen – where to look.

Those of Kubernetes objects are in `helpers.checks.kubernetes` and `.workloads`: their client takes a second to load.
"""

from helpers.checks.built import image
from helpers.checks.composed import service
from helpers.checks.connections import connection, network
from helpers.checks.decided import decision
from helpers.checks.docker import container
from helpers.checks.hosts import cgroup, process, root_file_system, shared_namespaces
from helpers.checks.linted import dockerfile
from helpers.checks.ringing import bell
from helpers.checks.storage import archive, volume
from helpers.checks.stored import registry
from helpers.checks.values import answer
from helpers.checks.values import http_check as http
from helpers.checks.verdict import Expectation, Report, Seen, verify

__all__ = [
    "Expectation",
    "Report",
    "Seen",
    "answer",
    "archive",
    "bell",
    "cgroup",
    "connection",
    "container",
    "decision",
    "dockerfile",
    "http",
    "image",
    "network",
    "process",
    "registry",
    "root_file_system",
    "service",
    "shared_namespaces",
    "verify",
    "volume",
]
