# What Debian's package does otherwise than the official image: the user's name, sites-enabled, logs in files.
groupadd --system --gid 101 nginx 2>/dev/null || groupadd --system nginx
useradd --system --gid nginx --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin nginx
rm -rf /etc/nginx/sites-enabled /etc/nginx/sites-available /etc/nginx/modules-enabled /var/www/html/index.nginx-debian.html
mkdir -p /etc/nginx/templates /docker-entrypoint.d
ln -sf /dev/stdout /var/log/nginx/access.log
ln -sf /dev/stderr /var/log/nginx/error.log
chmod 755 /docker-entrypoint.sh
