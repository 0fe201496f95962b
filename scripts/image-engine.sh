# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of scripts/image
# Sourced by scripts/image: its verbs with an engine, docker or podman.

container=''
if [ "$engine" = docker ]; then
    health='.Config.Healthcheck.Test'
    building=''
    running=''
else
    # podman keeps a HEALTHCHECK only in docker's format, keeps the images of all stages, and makes /tmp writable.
    health='.HealthCheck.Test'
    building='--format=docker --layers=false'
    running='--read-only-tmpfs=false'
fi

build() {
    # shellcheck disable=SC2086
    "$engine" build $building --build-arg "PYTHON_IMAGE=$python_image" --tag "$tag" "$root"
}

image_says() {
    "$engine" image inspect --format "$1" "$tag"
}

start() {
    # shellcheck disable=SC2086
    container=$("$engine" run --detach --read-only $running --cap-drop ALL --security-opt no-new-privileges "$tag")
}

inside() {
    "$engine" exec --interactive "$container" "$@"
}

logs() {
    "$engine" logs "$container" || :
}

stop() {
    "$engine" stop "$container" >/dev/null
    [ "$("$engine" inspect --format '{{.State.ExitCode}}' "$container")" = 0 ]
}

clean() {
    if [ -n "$container" ]; then
        "$engine" rm --force "$container" >/dev/null || :
    fi
    "$engine" image rm --force "$tag" >/dev/null 2>&1 || :
    rm -rf "$work"
}
