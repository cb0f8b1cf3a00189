"""The Docker Engine of the lab: the user's own (shared), or one that the course starts and owns."""
