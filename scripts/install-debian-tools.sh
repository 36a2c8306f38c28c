#!/bin/sh
# Installs the Debian packages that `npm run test:interop` talks to. Does nothing, and asks nobody, if they are there.
# Needs root or sudo only if something is missing. More packages may be named: prometheus for `npm run bench -- metrics-peer`.
set -eu

# curl: an OTLP client. python3-zmq: a module in Python (libzmq with CURVE). iproute2: networks of several hosts.
# libfaketime: a device whose clock is wrong. nftables: a network that loses packets.
# strace: what a process does to its files, for power cuts.
WANTED="curl iproute2 libfaketime nftables python3-zmq strace $*"

is_installed() {
  [ "$(dpkg-query --show --showformat='${Status}' "$1" 2>/dev/null)" = 'install ok installed' ]
}

missing=''
for name in $WANTED; do
  is_installed "$name" || missing="$missing $name"
done
[ -n "$missing" ] || exit 0

echo "installing:$missing" >&2
as_root=''
[ "$(id -u)" -eq 0 ] || as_root='sudo -n'
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -q -o Acquire::Retries=3 update >&2
# shellcheck disable=SC2086 # a list of words
$as_root apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends $missing >&2
