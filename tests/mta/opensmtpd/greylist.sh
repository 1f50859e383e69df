# A filter for OpenSMTPD: an envelope (client, sender, recipient) passes when it was first seen three seconds ago or
# longer. Clients in 127.77.0.0/16 always pass. The clock is the one of the events.
clients=' ' senders=' ' seen=' '

# value_of LIST KEY, where LIST holds ` key=value key=value `.
value_of() {
    case "$1" in
    *" $2="*) rest="${1##*" $2="}" && value="${rest%% *}" ;;
    *) value= ;;
    esac
}

while IFS='|' read -r kind version time _ phase session token argument; do
    case "$kind|$version|$phase" in
    'config|ready|')
        printf '%s\n' 'register|report|smtp-in|link-connect' 'register|filter|smtp-in|mail-from' \
            'register|filter|smtp-in|rcpt-to' 'register|ready'
        ;;
    report*'|link-connect')
        # The rest of the line: confirmation, source address with its port, destination.
        address="${argument#*|}"
        clients="$clients$session=${address%%:*} "
        ;;
    filter*'|mail-from')
        senders="$senders$session=$argument "
        echo "filter-result|$session|$token|proceed"
        ;;
    filter*'|rcpt-to')
        value_of "$clients" "$session" && client="$value"
        value_of "$senders" "$session" && envelope="$client,$value,$argument"
        now="${time%%.*}"
        value_of "$seen" "$envelope"
        [ -n "$value" ] || { value="$now" && seen="$seen$envelope=$now "; }
        case "$client" in 127.77.*) value=0 ;; esac
        if [ "$((now - value))" -ge 3 ]; then
            echo "filter-result|$session|$token|proceed"
        else
            echo "filter-result|$session|$token|reject|451 4.7.1 Greylisted, try again later"
        fi
        ;;
    esac
done
