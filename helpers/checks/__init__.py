"""Checks of live state: `verify(expectation, …)` judges, and shows wanted – seen – where to look."""

from helpers.checks.docker import container, image, network, volume
from helpers.checks.hosts import cgroup, process, root_file_system, shared_namespaces
from helpers.checks.values import answer
from helpers.checks.values import http_check as http
from helpers.checks.verdict import Expectation, Report, Seen, verify

__all__ = [
    "Expectation",
    "Report",
    "Seen",
    "answer",
    "cgroup",
    "container",
    "http",
    "image",
    "network",
    "process",
    "root_file_system",
    "shared_namespaces",
    "verify",
    "volume",
]
