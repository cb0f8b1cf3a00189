# A slim image has no folders for manual pages, and this package wants to put links there.
mkdir -p /usr/share/man/man1
apt-get install -y -qq openjdk-21-jre-headless > /dev/null
# Where Maven would look: the mirror in this machine's settings, else what Maven's own parent of all projects says.
chmod 755 /usr/local/bin/start-zipkin
apt-get install -y -qq unzip > /dev/null
repository=$(sed -n '/<mirror>/,/<\/mirror>/s|.*<url>\(.*\)</url>.*|\1|p' /run/course/settings.xml 2> /dev/null | head -n 1)
if [ -z "$repository" ]; then
    cd /tmp
    apt-get download -qq libmaven3-core-java
    dpkg-deb --extract libmaven3-core-java_*.deb maven
    jar=$(find maven -type f -name 'maven*-model-builder*.jar' | head -n 1)
    repository=$(unzip -p "$jar" org/apache/maven/model/pom-4.0.0.xml |
        sed -n '/<repositor/,/<\/repositor/s|.*<url>\(.*\)</url>.*|\1|p' | head -n 1)
    rm -rf /tmp/maven /tmp/*.deb
fi
[ -f /run/certificates.crt ] && certificates="--cacert /run/certificates.crt"
mkdir -p /zipkin
curl --fail --silent --show-error --location --retry 3 ${certificates:-} --output /zipkin/zipkin.jar \
    "$repository/io/zipkin/zipkin-server/3.4.4/zipkin-server-3.4.4-exec.jar"
echo "45530b0d895d7b56fffa5f6385f4bd45a6b8aa3c57e1c2bda4b4bb1225881333  /zipkin/zipkin.jar" | sha256sum --check --quiet
apt-get purge -y -qq unzip > /dev/null
