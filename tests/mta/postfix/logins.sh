# A policy service: a client may relay for WINDOW milliseconds after the login that DIRECTORY remembers of its address, a
# file each with the time of the login. What was decided of clients with a login is in DIRECTORY/decisions, with how long
# after the login that was.
#
#   logins.sh DIRECTORY WINDOW
while read -r line; do
    case "$line" in
    client_address=*) client="${line#*=}" ;;
    '')
        action=DUNNO
        if [ -e "$1/$client" ]; then
            since="$(($(date +%s%3N) - $(cat "$1/$client")))"
            [ "$since" -ge "$2" ] || action=OK
            echo "$client $since $action" >> "$1/decisions"
        fi
        printf 'action=%s\n\n' "$action"
        ;;
    esac
done
