#!/bin/sh
# Unpacks the mail servers that Debian's package system would not install beside Postfix, and the name servers of the
# tests, each with the libraries that this machine lacks, below DIRECTORY/<server>. Nothing is installed. Run `apt-get update` first.
#
#   fetch.sh DIRECTORY
set -eu

[ $# -eq 1 ] || { echo "usage: fetch.sh DIRECTORY" >&2; exit 2; }
mkdir -p "$1"
directory="$(cd "$1" && pwd)"

# unpack SERVER PACKAGE...
unpack() {
    server="$1"
    shift
    [ ! -e "$directory/$server/complete" ] || return 0
    rm -rf "${directory:?}/$server"
    mkdir -p "$directory/$server/packages"
    cd "$directory/$server/packages"
    # What apt would have to install for it, the conflict with Postfix apart.
    wanted="$(LC_ALL=C apt-get -s install --no-install-recommends "$@" | sed -n 's/^Inst \([^ ]*\) .*/\1/p')"
    # shellcheck disable=SC2086 # a list of names
    apt-get -qq -o APT::Sandbox::User=root download $wanted
    for package in *.deb; do
        dpkg-deb -x "$package" ../root
    done
    cd ..
    # Where /lib is a link to /usr/lib, a package that still speaks of /lib means the latter.
    for old in bin sbin lib lib64; do
        [ ! -d "root/$old" ] || { mkdir -p "root/usr/$old" && cp -a "root/$old/." "root/usr/$old/" && rm -r "root/$old"; }
    done
    ls packages > complete
    rm -r packages
}

unpack exim exim4-base exim4-daemon-heavy
unpack sendmail sendmail-bin sendmail-cf m4 make
unpack opensmtpd opensmtpd
unpack unbound unbound
unpack rbldnsd rbldnsd
unpack dovecot dovecot-core dovecot-pop3d
