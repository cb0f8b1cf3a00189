"""The roadmap's sections, and what a lesson can need, as the README, the start page and the reading site name them."""

#: By the first digit of a lesson's name.
SECTIONS = {
    "1": "Introduction",
    "2": "Docker",
    "3": "Registries",
    "4": "Kubernetes",
    "5": "Orchestration and service mesh",
    "6": "Best practices",
    "7": "Learning path",
    "8": "Tools",
    "9": "Conclusion",
}
NEEDS = {"host": "nothing", "engine": "Docker Engine", "cluster": "Kubernetes cluster", "mesh": "cluster with Istio"}
