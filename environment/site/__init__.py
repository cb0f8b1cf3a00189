"""`site`: the course as static pages, made from executed notebooks without their solutions; readable without a network."""
