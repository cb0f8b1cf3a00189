#!/bin/sh
# As the official image: options, or a script that is no command, go to node.
set -e
if [ "${1#-}" != "${1}" ] || [ -z "$(command -v "${1}")" ]; then
    set -- node "$@"
fi
exec "$@"
