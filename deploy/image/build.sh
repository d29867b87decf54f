#!/usr/bin/env bash
# Builds the image and prints its name: build.sh [NAME]
# With docker where an engine answers. Else with buildah, on a base made by debootstrap from Debian's own packages.
set -euo pipefail
cd "$(dirname "$0")/../.."

name="${1:-localhost/eventcluster:dev}"
arguments=(
    --build-arg "VERSION=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)"
    --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)"
    --build-arg "CREATED=$(date --utc +%Y-%m-%dT%H:%M:%SZ)"
    --tag "$name"
)

if docker info >/dev/null 2>&1; then
    docker build "${arguments[@]}" . >&2
    echo "$name"
    exit
fi

if [ "$(id -u)" != 0 ]; then
    echo "cannot build here: no docker engine answers, and debootstrap and buildah want root" >&2
    exit 1
fi
for program in buildah podman runc debootstrap; do
    command -v "$program" >/dev/null || { echo "$program is not installed: make image-setup" >&2; exit 1; }
done
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
base=localhost/python:3.11-slim-bookworm
if ! podman image exists "$base"; then
    root="$(mktemp --directory)"
    trap 'rm -rf "$root"' EXIT
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$root" >&2
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
    tar --directory "$root" --create . | podman import - "$base" >&2
fi
# Said before minutes of building, not after: the kernel, or the container around us, may forbid containers.
files="$(ulimit -Hn)" # podman's own default may be above what we are allowed
[ "$files" = unlimited ] && files=20000
limits=(--ulimit "nofile=$files:$files" --ulimit nproc=1024:1024)
if ! podman --runtime runc run --rm --network host --read-only "${limits[@]}" "$base" true >&2; then
    echo "cannot run containers here (above: why): needs CAP_SYS_ADMIN, or a docker engine" >&2
    exit 1
fi
# The machine's own certificates and pip settings, while building only: a company's proxy and index are behind them.
volumes=(--volume /etc/ssl/certs:/etc/ssl/certs:ro)
[ -f /etc/pip.conf ] && volumes+=(--volume /etc/pip.conf:/etc/pip.conf:ro)
buildah bud --quiet --format docker --network host --no-cache "${volumes[@]}" --build-arg "BASE=$base" \
    "${arguments[@]}" . >&2
echo "$name"
