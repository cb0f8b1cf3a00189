# As upstream's image has it: data in /prometheus, run by nobody.
mkdir -p /prometheus
chown nobody /prometheus
