# The proxy runs as a user of its own.
chmod -R a+rX /var/lib/istio
