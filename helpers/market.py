"""Registries that one can choose from, as facts, and teams that have to choose: what a decision is made from, as data.

The facts are of November 2026, from the products' own documentation; prices change too often to stand here.
"""

from dataclasses import dataclass

#: What can speak for a registry, in words.
FACTS = {
    "free-public": "public repositories cost nothing",
    "no-servers": "somebody else runs it",
    "self-hosted": "it runs in a data centre of your own, cut off from the internet if need be",
    "open-source": "its code is open, no licence to buy",
    "github-rights": "rights and logins are those of the GitHub project; Actions needs no stored password",
    "aws-rights": "rights are AWS IAM's; EKS nodes pull without a stored password",
    "azure-rights": "rights are Microsoft Entra's; AKS nodes pull without a stored password",
    "google-rights": "rights are Google IAM's; GKE nodes pull without a stored password",
    "project-roles": "people have roles per project (guest, developer, maintainer …)",
    "scanning": "images are scanned for known vulnerabilities where they lie",
    "replication": "rules copy images to registries elsewhere",
    "all-formats": "one place for Maven, npm, PyPI and images",
}


@dataclass(frozen=True)
class Offer:
    """A registry, and the facts that are true of it."""

    name: str
    facts: frozenset[str]

    def __repr__(self) -> str:
        return f"<{self.name}: {', '.join(sorted(self.facts))}>"


@dataclass(frozen=True)
class Case:
    """A team that has to choose: its story, and the facts that the story asks for."""

    name: str
    story: str
    needs: frozenset[str]

    def fitting(self) -> list[str]:
        """The registries that have all it needs."""
        return [offer.name for offer in OFFERS if self.needs <= offer.facts]


def _offer(name: str, facts: str) -> Offer:
    return Offer(name, frozenset(facts.split()))


OFFERS = [
    _offer("Docker Hub", "free-public no-servers scanning"),
    _offer("GitHub Container Registry", "free-public no-servers github-rights"),
    _offer("Quay.io", "free-public no-servers project-roles scanning replication"),
    _offer("Amazon ECR", "no-servers aws-rights scanning replication"),
    _offer("Azure Container Registry", "no-servers azure-rights scanning replication"),
    _offer("Google Artifact Registry", "no-servers google-rights scanning all-formats"),
    _offer("Harbor", "self-hosted open-source project-roles scanning replication"),
    _offer("JFrog Artifactory", "self-hosted project-roles scanning replication all-formats"),
    _offer("distribution (registry:3)", "self-hosted open-source"),
]

CASES = {
    case.name: case
    for case in (
        Case(
            "library",
            "Three volunteers publish a small tool. Everybody in the world shall pull it, and it may cost nothing. The code is "
            "on GitHub, and GitHub Actions builds the images: nobody wants to keep a password for that, or to look after a server.",
            frozenset({"free-public", "github-rights", "no-servers"}),
        ),
        Case(
            "bank",
            "A bank has two data centres of its own, without a way to the internet. Teams must not see one another's images, "
            "and inside a team not everybody may push. The second data centre needs a copy of every release. Nobody will "
            "sign a contract for licences this year.",
            frozenset({"self-hosted", "project-roles", "replication", "open-source"}),
        ),
        Case(
            "shop",
            "A web shop runs on EKS, Amazon's Kubernetes. Two people look after all of it, and they won't run one more "
            "server. Nodes shall pull without a password lying about, and somebody has to notice when an image that was "
            "fine last month has a hole today.",
            frozenset({"aws-rights", "no-servers", "scanning"}),
        ),
    )
}


def offers() -> list[Offer]:
    """The registries that one can choose from."""
    return list(OFFERS)


def cases() -> list[Case]:
    """The teams that have to choose."""
    return list(CASES.values())
