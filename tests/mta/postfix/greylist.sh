# A policy service: an envelope (client, sender, recipient) passes when it was first seen three seconds ago or longer. What was
# seen is kept in DIRECTORY, a file each.
#
#   greylist.sh DIRECTORY
while read -r line; do
    case "$line" in
    client_address=*) client="${line#*=}" ;;
    sender=*) sender="${line#*=}" ;;
    recipient=*) recipient="${line#*=}" ;;
    '')
        name="$(echo "$client $sender $recipient" | sha256sum)"
        seen="$1/${name%% *}"
        now="$(date +%s)"
        [ -e "$seen" ] || echo "$now" > "$seen"
        if [ "$((now - $(cat "$seen")))" -ge 3 ]; then
            printf 'action=DUNNO\n\n'
        else
            printf 'action=DEFER_IF_PERMIT 4.2.0 Greylisted, try again later\n\n'
        fi
        ;;
    esac
done
