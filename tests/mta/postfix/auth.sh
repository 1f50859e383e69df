# The server's side of Dovecot's authentication protocol, for a server at which only jane can log in, with the password
# "secret".
printf 'VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t00000000000000000000000000000000\nDONE\n'
tab="$(printf '\t')"
while IFS="$tab" read -r command id rest; do
    case "$command $rest" in
        AUTH*resp=AGphbmUAc2VjcmV0) printf 'OK\t%s\tuser=jane\n' "$id" ;;
        AUTH*) printf 'FAIL\t%s\n' "$id" ;;
    esac
done
