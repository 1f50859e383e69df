#!/bin/sh
# Runs a mail server in a box: the unpacked package and the files of one instance are laid over the machine's own /usr,
# /etc and /var, which stay as they are. The server runs with its compiled-in paths and its own users, and everything that
# it writes is gone with the box.
#
#   enter.sh ROOT STATE COMMAND...
#
# ROOT holds the package's usr, etc and var. STATE/etc is copied over /etc, STATE/passwd and STATE/group are added to the
# machine's, and what is written to /dev/log goes to STATE/log.socket. Ends when COMMAND does; all it
# started ends when this shell is killed.
set -eu

if [ "${MXAUDIT_BOX:-}" != inside ]; then
    export MXAUDIT_BOX=inside
    exec unshare --mount --pid --uts --ipc --fork --kill-child=SIGKILL --mount-proc -- sh "$0" "$@"
fi

root="$1"
state="$2"
shift 2

# A folder that every Debian has and that no server looks into; what is mounted there is hidden in this box only.
hold=/media
mount -t tmpfs -o mode=755 box "$hold"
for top in etc var; do
    mkdir -p "$hold/$top" "$hold/$top.work" "$root/$top"
    mount -t overlay -o "lowerdir=$root/$top:/$top,upperdir=$hold/$top,workdir=$hold/$top.work" "box-$top" "/$top"
done
mount -t overlay -o "lowerdir=$root/usr:/usr" box-usr /usr
mount -t tmpfs -o mode=755 box-run /run

# A /dev of its own, for the log socket.
mkdir "$hold/dev"
for node in null zero full random urandom tty; do
    : > "$hold/dev/$node"
    mount --bind "/dev/$node" "$hold/dev/$node"
done
ln -s /proc/self/fd "$hold/dev/fd"
ln -s "$state/log.socket" "$hold/dev/log"
mount --rbind "$hold/dev" /dev

[ ! -f "$state/passwd" ] || cat "$state/passwd" >> /etc/passwd
[ ! -f "$state/group" ] || cat "$state/group" >> /etc/group
[ ! -d "$state/etc" ] || cp -R "$state/etc/." /etc/

"$@"
