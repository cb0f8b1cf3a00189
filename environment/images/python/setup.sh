# The official image's layout: `python` and `pip` in /usr/local/bin, and pip may install into the image.
for name in python python3; do ln -s /usr/bin/python3 /usr/local/bin/$name; done
for name in pip pip3; do ln -s /usr/bin/pip3 /usr/local/bin/$name; done
rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
