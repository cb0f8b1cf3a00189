chmod 755 /usr/local/bin/office /usr/local/bin/bell
mkdir -p /keys /rules
