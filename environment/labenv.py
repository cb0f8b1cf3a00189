"""The one function that makes the lab's environment: for the Jupyter server, kernels, terminals and `environment shell`."""

import os
from collections.abc import Mapping

from environment import bootstrap, paths
from environment.engine import choice, owned

#: What would make a client talk to something else than the lab.
_STRAY = ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_API_VERSION", "BUILDX_BUILDER")


def lab(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """`base` (the process's environment) changed so that docker and kubectl talk to the lab, with our own files.

    The user's ~/.docker and ~/.kube are never read or written through it.
    """
    environment = dict(os.environ if base is None else base)
    for name in _STRAY:
        environment.pop(name, None)
    parts = environment.get("PATH", os.defpath).split(":")
    tools = str(owned.programs())
    system = [folder for folder in ("/usr/sbin", "/sbin") if folder not in parts]
    # Programs that come as wheels (hadolint, dive) are in the virtual environment; last, so that its python shadows nothing.
    wheels = str(bootstrap.environment_folder("lab") / "bin")
    rest = [part for part in parts if part not in {tools, wheels}]
    environment["PATH"] = ":".join([tools, *rest, *system, wheels])
    environment["DOCKER_CONFIG"] = str(paths.state() / "docker")
    environment["KUBECONFIG"] = str(paths.state() / "kubeconfig")
    record = choice.current()
    if record:
        environment["DOCKER_HOST"] = record["host"]
        environment["COURSE_ENGINE"] = record["kind"]
    else:
        environment["DOCKER_HOST"] = owned.url()
    # What Jupyter, IPython and matplotlib would otherwise leave in the user's home.
    environment["IPYTHONDIR"] = str(paths.state() / "ipython")
    environment["MPLCONFIGDIR"] = str(paths.state() / "matplotlib")
    environment["JUPYTER_DATA_DIR"] = str(paths.state() / "jupyter" / "data")
    environment["JUPYTER_RUNTIME_DIR"] = str(paths.runtime() / "jupyter")
    environment["COURSE_ROOT"] = str(paths.ROOT)
    environment["PYTHONPATH"] = str(paths.ROOT)
    environment["DOCKER_CLI_HINTS"] = "false"
    return environment
