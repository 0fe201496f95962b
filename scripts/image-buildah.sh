# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of scripts/image
# Sourced by scripts/image: its verbs without an engine. buildah builds; the container is started by unshare and chroot,
# from what the image says of itself, with network and mounts of its own.
#
# The base image is made of Debian's own packages, under the name that the Dockerfile asks for. That proves every step
# of the Dockerfile and the container, but says nothing of the published base image.

config='.Docker.Config'
health="$config.Healthcheck.Test"
server=''
files=$work/files

# buildah notes the layers it has seen here, wherever its storage is.
mkdir -p "$work/tmp" "$work/containers" "$files" /var/lib/containers
mount --bind "$work/containers" /var/lib/containers

store() {
    TMPDIR=$work/tmp buildah --root "$work/containers/storage" --runroot "$work/run" --storage-driver vfs "$@"
}

# Debian's release is the last word of the image's name.
base() {
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "${python_image##*-}" "$work/base" &&
        made=$(store from scratch) &&
        store add "$made" "$work/base" / &&
        store commit --format docker --rm "$made" "$python_image" &&
        rm -rf --one-file-system "$work/base"
}

# In docker's format, because the other one has no HEALTHCHECK; and with the certificates that this machine trusts.
build() {
    base && store bud --isolation chroot --format docker --pull-never --build-arg "PYTHON_IMAGE=$python_image" \
        --volume /etc/ssl/certs:/etc/ssl/certs:ro --tag "$tag" "$root"
}

image_says() {
    store inspect --format "$1" "$tag"
}

# The container's files are read-only, and it has a network of its own, in which port 8000 is free.
start() {
    mount --bind "$(store mount "$(store from --pull-never "$tag")")" "$files"
    mount -o remount,bind,ro "$files"
    mount -t proc proc "$files/proc"
    mount --rbind /dev "$files/dev"
    cd "$files" || return
    # No word of the image's settings and of its command has a blank in it.
    enter="chroot --userspec=$(image_says "{{$config.User}}") --groups= . env --ignore-environment
        --chdir=$(image_says "{{$config.WorkingDir}}") $(image_says "{{range $config.Env}}{{println .}}{{end}}")"
    command=$(image_says "{{range $config.Entrypoint}}{{println .}}{{end}}{{range $config.Cmd}}{{println .}}{{end}}")
    # shellcheck disable=SC2086
    unshare --net sh -c 'ip link set lo up && exec "$@"' sh $enter $command >"$work/log" 2>&1 &
    server=$!
}

inside() {
    # shellcheck disable=SC2086
    nsenter --net --target "$server" $enter "$@"
}

logs() {
    cat "$work/log"
}

stop() {
    kill -TERM "$server"
    wait "$server"
}

clean() {
    if [ -n "$server" ]; then
        kill -KILL "$server" 2>/dev/null || :
    fi
    cd /
    umount --lazy "$files" 2>/dev/null || : # when it was not reached
    umount --lazy /var/lib/containers
    rm -rf --one-file-system "$work"
}
