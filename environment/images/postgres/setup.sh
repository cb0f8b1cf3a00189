rm -rf /var/lib/postgresql/17 /etc/postgresql/17
mkdir -p /var/lib/postgresql/data /docker-entrypoint-initdb.d /run/postgresql
chown -R postgres:postgres /var/lib/postgresql /run/postgresql
chmod 755 /usr/local/bin/docker-entrypoint.sh
