#!/bin/sh
# Does what learners use of the official image's entrypoint: scripts in /docker-entrypoint.d, templates with variables.
set -eu
if [ "${1:-}" = "nginx" ] || [ "${1:-}" = "nginx-debug" ]; then
    for template in /etc/nginx/templates/*.template; do
        [ -e "$template" ] || continue
        name=$(basename "$template" .template)
        variables=$(env | cut -d= -f1 | sed 's/.*/${&}/' | tr '\n' ' ')
        envsubst "$variables" < "$template" > "/etc/nginx/conf.d/$name"
    done
    for script in /docker-entrypoint.d/*; do
        case "$script" in
            *.envsh) . "$script" ;;
            *.sh) if [ -x "$script" ]; then "$script"; else echo "$0: ignoring $script, not executable" >&2; fi ;;
        esac
    done
    echo "$0: Configuration complete; ready for start up"
fi
exec "$@"
