# A policy service that lets every encrypted session pass.
while read -r line; do
    case "$line" in
    encryption_protocol=) action=DUNNO ;;
    encryption_protocol=*) action=OK ;;
    '') printf 'action=%s\n\n' "$action" ;;
    esac
done
