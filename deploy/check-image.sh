#!/usr/bin/env bash
# Build the image for real and call the server inside it, without Docker and
# without a registry of images: Debian's own packages, made into a base by
# debootstrap, stand in for the pinned one.
#
# Needs root on Debian or Ubuntu with: apt-get install buildah debootstrap
# Usage: deploy/check-image.sh [folder for the base and the images]
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mkdir -p "${1:-.build/image}" && cd "${1:-.build/image}" && pwd)
base=$work/base
port=50951
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
storage=(--root "$work/storage" --runroot "$work/run")

fail() { printf '\ncheck-image: %s\n' "$*" >&2; exit 1; }
say() { printf '%s\n' "-- $*"; }
images() { buildah "${storage[@]}" "$@"; }
# inside COMMAND…: runs it in the container as the image's own user.
inside() { images run --env LLMRPC_ADDRESS="0.0.0.0:$port" "${anonymous[@]}" "$container" -- "$@"; }

[ "$(id -u)" = 0 ] || fail "run it as root: debootstrap and chroot need that"
for tool in buildah debootstrap; do
    command -v "$tool" >/dev/null || fail "apt-get install buildah debootstrap"
done

if [ ! -e "$base/.done" ]; then
    say "a base of Debian packages"
    rm -rf "$base"
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$base" >"$work/debootstrap.log" \
        || fail "debootstrap failed: see $work/debootstrap.log"
    rm -rf "$base"/var/cache/apt/archives/*.deb "$base"/var/lib/apt/lists/*
    # A machine that reaches the package index through a proxy trusts its CA.
    cp /etc/ssl/certs/ca-certificates.crt "$base/etc/ssl/certs/"
    [ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$base/etc/"
    touch "$base/.done"
fi

say "the image"
scratch=$(images from scratch)
images add --quiet "$scratch" "$base" / >/dev/null
images commit --quiet --rm "$scratch" llmrpc-base >/dev/null
images build --quiet --pull=never --format docker --build-arg BASE_IMAGE=localhost/llmrpc-base --tag llmrpc-server . >/dev/null \
    || fail "the Dockerfile does not build; without --quiet in $0 it says why"

container=$(images from --pull=never localhost/llmrpc-server)
server=
end() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    images rm "$container" >/dev/null
    images rmi --prune --force >/dev/null # what earlier runs left
}
trap end EXIT
anonymous=()

say "what it holds"
[ "$(inside id -u)" = 10001 ] || fail "it runs as another user than 10001"
inside sh -c '! command -v gcc cc make' || fail "it holds a compiler"
inside sh -c '! /opt/llmrpc/bin/python -m pip --version 2>/dev/null' || fail "it holds pip"
inside sh -c '! touch /opt/llmrpc/x 2>/dev/null' || fail "its user can change the program"

say "it refuses anonymous callers until that is asked for"
! inside timeout 20 llmrpc-server >"$work/refused.log" 2>&1 || fail "it served every interface without being told to"
grep -qi anonymous "$work/refused.log" || fail "its refusal does not say why: $(cat "$work/refused.log")"

say "it answers its own health check"
anonymous=(--env LLMRPC_ALLOW_ANONYMOUS=1)
inside sh -c 'echo $$ >/tmp/llmrpc.pid; exec llmrpc-server' >"$work/server.log" 2>&1 &
server=$!
# The very command of the image's HEALTHCHECK line.
mapfile -t health < <(images inspect --type image localhost/llmrpc-server | python3 -c '
import json, sys
kind, *words = json.load(sys.stdin)["Docker"]["config"]["Healthcheck"]["Test"]
print(*words, sep="\n")')
for _ in $(seq 60); do
    inside "${health[@]}" >"$work/health.log" 2>&1 && break
    kill -0 "$server" 2>/dev/null || fail "the server ended: $(cat "$work/server.log")"
    sleep 0.5
done
inside "${health[@]}" || fail "never healthy: $(cat "$work/health.log" "$work/server.log")"

say "it answers a call"
inside llmrpc generate --address "127.0.0.1:$port" "hello from the image" | tee "$work/answer.log"
grep -q "hello from the image" "$work/answer.log" || fail "no echo came back"

say "SIGTERM ends it in order"
inside sh -c 'kill -TERM "$(cat /tmp/llmrpc.pid)"'
wait "$server" || fail "it ended with an error: $(cat "$work/server.log")"
server=
say "the image is good"
