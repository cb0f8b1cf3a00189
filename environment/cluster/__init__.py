"""The Kubernetes clusters of the lab: kind's node image, and the clusters made from it."""
