# The server's side of Dovecot's authentication protocol, for a server at which no login succeeds.
printf 'VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t00000000000000000000000000000000\nDONE\n'
tab="$(printf '\t')"
while IFS="$tab" read -r command id _; do
    [ "$command" != AUTH ] || printf 'FAIL\t%s\n' "$id"
done
