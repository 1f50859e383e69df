#!/bin/sh
# Notes when a client has logged in, in a file with the name of its address, and lets Dovecot go on.
date +%s%3N > "{logins}/$IP.new"
chmod 644 "{logins}/$IP.new"
mv "{logins}/$IP.new" "{logins}/$IP"
exec "$@"
